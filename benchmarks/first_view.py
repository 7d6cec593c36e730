"""The first view of the page: `.venv-dev/bin/python -m benchmarks.first_view CHROMIUM URL`.

Prints the median milliseconds from the request to the first contentful paint, each time in a browser that has no file
of the page yet.
"""

from __future__ import annotations

import asyncio
import statistics
import sys

from playwright.async_api import async_playwright

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
TIMES = 7
_PAINT = """new Promise(resolve => new PerformanceObserver(seen => {
    const paint = seen.getEntriesByName("first-contentful-paint")[0];
    if (paint) resolve(paint.startTime);
}).observe({type: "paint", buffered: true}))"""


async def first_paint(chromium: str, url: str) -> float:
    """Milliseconds as the browser measures them."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        took = []
        for _ in range(TIMES + 1):
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(url)
            took.append(await page.evaluate(_PAINT))
            await context.close()
        await browser.close()
    return statistics.median(took[1:])  # the browser itself has started by then


if __name__ == "__main__":
    print(asyncio.run(first_paint(*sys.argv[1:])))
