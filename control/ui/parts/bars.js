// Numbers per day as small bars.
import { html, svg } from "../vendor/lit.js";

const WIDTH = 7;
const GAP = 3;
const HEIGHT = 36;

/** @param {string} title @param {number[]} numbers the oldest first @param {(number: number) => string} format */
export function bars(title, numbers, format, kind = "busy") {
  const most = Math.max(1, ...numbers);
  const total = numbers.reduce((sum, number) => sum + number, 0);
  const width = numbers.length * (WIDTH + GAP) - GAP;
  return html`<figure class="bars" data-kind=${kind}>
    <figcaption>${title} <strong>${format(total)}</strong></figcaption>
    <svg viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${title}: ${numbers.map(format).join(", ")}" preserveAspectRatio="none">
      ${numbers.map((number, index) => {
        const height = number ? Math.max(3, (number / most) * HEIGHT) : 1.5;
        return svg`<rect class=${number ? "" : "zero"} x=${index * (WIDTH + GAP)} y=${HEIGHT - height} width=${WIDTH} height=${height} rx="1.5"></rect>`;
      })}
    </svg>
  </figure>`;
}
