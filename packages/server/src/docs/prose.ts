// SPDX-License-Identifier: Apache-2.0

/**
 * Descriptions as HTML. Of Markdown only what reads as well without: paragraphs with empty lines
 * between them, `code` between backticks, and blocks of lines that begin with two spaces.
 */
export function proseHtml(text: string): string {
  const blocks = text.split("\n\n").map((block) => {
    const lines = block.split("\n");
    const firstCode = lines.findIndex((line) => line.startsWith("  "));
    if (firstCode === -1) return `<p>${inlineHtml(block)}</p>`;
    const before = lines.slice(0, firstCode).join("\n");
    const code = lines.slice(firstCode).map((line) => line.slice(2));
    const paragraph = before === "" ? "" : `<p>${inlineHtml(before)}</p>`;
    return `${paragraph}<pre tabindex="0"><code>${escapeHtml(code.join("\n"))}</code></pre>`;
  });
  return blocks.join("\n");
}

/** A line of prose. */
export function inlineHtml(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
