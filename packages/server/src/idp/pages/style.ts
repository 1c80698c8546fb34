// SPDX-License-Identifier: Apache-2.0

/** Of all pages. Contrast in both schemes: 4.5:1 or more for text, 3:1 for borders of fields. */
export const style = `
:root{--page:#f4f2ee;--card:#fff;--ink:#23211d;--soft:#625d54;--line:#8d867a;--thin:#e2ddd3;--seal:#8c2f2b;
--button:#8c2f2b;--button-ink:#fff;--hover:#752622;--focus:#1f5fae;--bad:#8f1d1d;--bad-page:#fdf0ee;
--note:#5d4300;--note-page:#fdf3d7}
@media (prefers-color-scheme:dark){:root{--page:#191816;--card:#242220;--ink:#efece6;--soft:#b3ada2;
--line:#8d867a;--thin:#3a3733;--seal:#e29a94;--button:#e2a59f;--button-ink:#2a0f0d;--hover:#edbab5;
--focus:#8fbcf5;--bad:#ffb4ab;--bad-page:#3b1d1b;--note:#f5dc9a;--note-page:#3a2f12}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;
background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{width:min(26rem,calc(100% - 2rem));margin:auto 0 0;padding:2rem;background:var(--card);
border:1px solid var(--thin);border-radius:.75rem}
header{display:flex;align-items:center;gap:.9rem;margin-bottom:1.25rem;color:var(--seal)}
header svg{flex:none}
h1{margin:0;font-size:1.4rem;line-height:1.25;font-weight:600;color:var(--ink);text-wrap:balance}
p{margin:0 0 1rem}
.soft{color:var(--soft);font-size:.925rem}
.note,.bad{padding:.7rem .9rem;border-radius:.5rem;border-left:4px solid}
.note{color:var(--note);background:var(--note-page)}
.bad{color:var(--bad);background:var(--bad-page)}
.banner{width:100%;margin:0;padding:.7rem 1rem;text-align:center;font-weight:600;color:var(--note);
background:var(--note-page)}
label{display:block;margin:0 0 .3rem;font-weight:600}
input[type=email],input[type=password],input[type=text]{display:block;width:100%;margin:0 0 1.1rem;padding:.65rem .75rem;
font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
button{display:block;width:100%;margin:0 0 .75rem;padding:.75rem 1rem;font:inherit;font-weight:600;cursor:pointer;
color:var(--button-ink);background:var(--button);border:1px solid transparent;border-radius:.5rem}
button:hover{background:var(--hover)}
button.quiet{color:var(--ink);background:none;border-color:var(--line)}
button.quiet:hover{background:var(--page)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
form:last-child button:last-child,main>p:last-child{margin-bottom:0}
.or{display:flex;align-items:center;gap:.75rem;margin:.5rem 0 1.25rem;color:var(--soft)}
.or::before,.or::after{content:"";flex:1;border-top:1px solid var(--thin)}
.code{display:block;margin:0 0 1rem;padding:.9rem;overflow-wrap:anywhere;text-align:center;user-select:all;
font:600 1.15rem/1.4 ui-monospace,"SFMono-Regular",Menlo,Consolas,monospace;background:var(--page);
border:1px solid var(--thin);border-radius:.5rem}
.user-code{letter-spacing:.12em;text-transform:uppercase}
footer{margin:1rem 0 auto;padding:0 1rem 1rem;color:var(--soft);font-size:.85rem;text-align:center}
footer p{margin:0;overflow-wrap:anywhere}
@media (max-height:50rem){main{margin-top:1rem}}
@media (max-width:30rem){main{padding:1.35rem}}
`;
