// SPDX-License-Identifier: Apache-2.0
// Cost against size, as a table for RESULTS.md and as a drawing.
import type { Figure } from "./bench.ts";
import { number } from "./results.ts";

interface Series {
  readonly what: string;
  readonly unit: string;
  /** By the number of entries, ascending. */
  readonly points: readonly { readonly size: number; readonly cost: number }[];
}

const columns = 3;
const panel = { width: 250, height: 170 } as const;
/** Of a panel, around its plot. */
const margin = { left: 46, right: 14, top: 34, bottom: 30 } as const;
const plot = {
  width: panel.width - margin.left - margin.right,
  height: panel.height - margin.top - margin.bottom,
} as const;

/** Figures that are called `<prefix>/<what>/<size>`, one row for each size. */
export function sizeTable(figures: readonly Figure[], prefix: string): string {
  const all = seriesOf(figures, prefix);
  const sizes = [...new Set(all.flatMap(({ points }) => points.map(({ size }) => size)))];
  const head = ["entries", ...all.map(({ what, unit }) => `${what}, ${unit}`)];
  const rows = sizes.map((size) => [
    number(size),
    ...all.map(({ points }) => {
      const found = points.find((point) => point.size === size);
      return found ? number(found.cost) : "";
    }),
  ]);
  return [head, head.map(() => "---:"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** The same as SVG, a panel for each cost: entries logarithmic, cost linear from nothing. */
export function sizeChart(figures: readonly Figure[], prefix: string): string {
  const all = seriesOf(figures, prefix);
  const [width, height] = [columns * panel.width, Math.ceil(all.length / columns) * panel.height];
  const panels = all.map((series, i) => {
    const [x, y] = [(i % columns) * panel.width, Math.floor(i / columns) * panel.height];
    return `<g transform="translate(${x} ${y})">\n${drawn(series)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"
  width="${width}" height="${height}" font-family="sans-serif" font-size="11">
<title>What the log engine costs as the log grows</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${panels.join("\n")}
</svg>
`;
}

function seriesOf(figures: readonly Figure[], prefix: string): Series[] {
  const found = new Map<string, { unit: string; points: { size: number; cost: number }[] }>();
  for (const { bench, unit, ours } of figures) {
    const [start, what, size, ...rest] = bench.split("/");
    if (start !== prefix || what === undefined || size === undefined || rest.length > 0) continue;
    const series = found.get(what) ?? { unit, points: [] };
    found.set(what, series);
    series.points.push({ size: Number(size), cost: ours });
  }
  return [...found].map(([what, { unit, points }]) => ({
    what,
    unit,
    points: points.toSorted((a, b) => a.size - b.size),
  }));
}

function drawn({ what, unit, points }: Series): string {
  const top = ceiling(Math.max(...points.map(({ cost }) => cost)));
  const exponents = points.map(({ size }) => Math.log10(size));
  const [low, high] = [Math.min(...exponents), Math.max(...exponents)];
  const x = (size: number): number =>
    margin.left + (plot.width * (Math.log10(size) - low)) / Math.max(1, high - low);
  const y = (cost: number): number => margin.top + plot.height * (1 - cost / top);
  const place = ({ size, cost }: Series["points"][0]): string =>
    `${x(size).toFixed(1)},${y(cost).toFixed(1)}`;
  const right = margin.left + plot.width;
  const lines = [0, top / 2, top].map(
    (cost) =>
      `<path d="M${margin.left} ${y(cost)}H${right}" stroke="#ddd"/>` +
      `<text x="${margin.left - 5}" y="${y(cost) + 4}" text-anchor="end">${number(cost)}</text>`,
  );
  const ticks = points.map(({ size }, i) => {
    const exponent = Math.round(exponents[i] as number);
    return (
      `<text x="${x(size).toFixed(1)}" y="${margin.top + plot.height + 17}" ` +
      `text-anchor="middle">10<tspan dy="-4" font-size="8">${exponent}</tspan></text>`
    );
  });
  const dots = points.map((point) => {
    const [cx, cy] = place(point).split(",");
    return (
      `<circle cx="${cx}" cy="${cy}" r="3" fill="#0b62a4">` +
      `<title>${number(point.size)} entries: ${number(point.cost)} ${unit}</title></circle>`
    );
  });
  return [
    `<text x="${margin.left}" y="20" font-weight="bold">${what}, ${unit}</text>`,
    ...lines,
    ...ticks,
    `<polyline points="${points.map(place).join(" ")}" fill="none" stroke="#0b62a4" ` +
      `stroke-width="1.5"/>`,
    ...dots,
  ].join("\n");
}

/** The next round number: 1, 2 or 5 times a power of ten. */
function ceiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
