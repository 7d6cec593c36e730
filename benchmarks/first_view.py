"""The first view of the page: `.venv-dev/bin/python -m benchmarks.first_view CHROMIUM URL`.

Prints the median milliseconds from the request to the first contentful paint, and to the largest one that was painted
when the cards of the workers are there, each time in a browser that has no file of the page yet.
"""

from __future__ import annotations

import asyncio
import statistics
import sys

from playwright.async_api import async_playwright

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
TIMES = 7
_CARDS = "qb-workers .card"
_PAINT = """kind => new Promise(resolve => new PerformanceObserver(seen => {
    const paint = seen.getEntries().filter(one => one.name != "first-paint").pop();
    if (paint) resolve(paint.startTime);
}).observe({type: kind, buffered: true}))"""


async def paints(chromium: str, url: str) -> tuple[float, float]:
    """Milliseconds of both paints, as the browser measures them."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        first, largest = [], []
        for _ in range(TIMES + 1):
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(url)
            first.append(await page.evaluate(_PAINT, "paint"))
            await page.wait_for_selector(_CARDS)
            largest.append(await page.evaluate(_PAINT, "largest-contentful-paint"))
            await context.close()
        await browser.close()
    return statistics.median(first[1:]), statistics.median(largest[1:])  # the browser itself has started by then


if __name__ == "__main__":
    print(*asyncio.run(paints(*sys.argv[1:])))
