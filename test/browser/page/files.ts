// SPDX-License-Identifier: Apache-2.0
// The places that take files: by drag and drop, by choosing, by keyboard.

export type Slot = "bundle" | "artifact" | "trustedRoot" | "key";

export interface ChosenFiles {
  has(slot: Slot): boolean;
  get(slot: Slot): File | undefined;
}

/** How much of a file tells what it is. */
const sniffedBytes = 4096;

/**
 * Wires every `.zone` of the form. One file goes where it is dropped; several, or one that misses
 * the zones, go where their content says.
 */
export function watchFiles(form: HTMLFormElement, changed: () => void): ChosenFiles {
  const chosen = new Map<Slot, File>();
  const zones = [...form.querySelectorAll<HTMLElement>(".zone")];

  const put = (slot: Slot, file: File | undefined): void => {
    if (file) chosen.set(slot, file);
    else chosen.delete(slot);
    const zone = zones.find((item) => item.dataset["slot"] === slot);
    zone?.classList.toggle("filled", file !== undefined);
    const output = zone?.querySelector("output");
    if (output) output.textContent = file ? `${file.name} · ${sizeOf(file)}` : "";
    const remove = zone?.querySelector("button");
    if (remove) remove.hidden = file === undefined;
  };

  for (const zone of zones) {
    const slot = zone.dataset["slot"] as Slot;
    const input = zone.querySelector("input");
    input?.addEventListener("change", () => {
      const [file] = input.files ?? [];
      if (file) put(slot, file);
      input.value = ""; // so that choosing the same file again is a change
      changed();
    });
    zone.querySelector("button")?.addEventListener("click", () => {
      put(slot, undefined);
      input?.focus();
      changed();
    });
  }

  const zoneOf = (event: DragEvent): HTMLElement | undefined =>
    zones.find((zone) => event.target instanceof Node && zone.contains(event.target));
  const mark = (target?: HTMLElement): void => {
    for (const zone of zones) zone.classList.toggle("over", zone === target);
  };
  addEventListener("dragover", (event) => {
    event.preventDefault(); // else the browser would leave the page for the file
    mark(zoneOf(event));
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) mark();
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark();
    const dropped = [...(event.dataTransfer?.files ?? [])];
    const slot = zoneOf(event)?.dataset["slot"] as Slot | undefined;
    void place(dropped, slot, put).then(changed);
  });

  return { has: (slot) => chosen.has(slot), get: (slot) => chosen.get(slot) };
}

async function place(
  files: readonly File[],
  slot: Slot | undefined,
  put: (slot: Slot, file: File) => void,
): Promise<void> {
  const [first] = files;
  if (slot && first && files.length === 1) put(slot, first);
  else for (const file of files) put(await slotFor(file), file);
}

async function slotFor(file: File): Promise<Slot> {
  const text = new TextDecoder().decode(await file.slice(0, sniffedBytes).arrayBuffer());
  if (/^\s*-----BEGIN (RSA )?PUBLIC KEY-----/.test(text)) return "key";
  if (/^\s*\{/.test(text)) {
    if (text.includes("application/vnd.dev.sigstore.trustedroot")) return "trustedRoot";
    if (text.includes("application/vnd.dev.sigstore.bundle")) return "bundle";
  }
  return "artifact";
}

function sizeOf({ size }: File): string {
  if (size < 1000) return `${size} bytes`;
  const units = ["kB", "MB", "GB"];
  let value = size / 1000;
  while (value >= 1000 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value.toPrecision(3)} ${units[0]}`;
}
