// SPDX-License-Identifier: Apache-2.0

/** How a page looks, in light and in dark. */
export const style = `
:root{color-scheme:light dark;--ink:light-dark(#1a1c20,#e6e7ea);--soft:light-dark(#565c66,#a3a9b5);
--line:light-dark(#d8dbe0,#3a3e46);--paper:light-dark(#fff,#16181c);
--panel:light-dark(#f5f6f8,#1d2025);--link:light-dark(#0b57b5,#8ab8ff);
--get:light-dark(#0b6b3a,#6fd39b);--post:light-dark(#8a4b00,#f0b060)}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;display:grid;grid-template-columns:20rem minmax(0,1fr);color:var(--ink);
background:var(--paper);font:1rem/1.55 system-ui,sans-serif}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem 1rem;background:var(--panel);
border-right:1px solid var(--line);font-size:.82rem}
nav .name{font-size:1.05rem;font-weight:600;margin:0}nav .name span{color:var(--soft);font-weight:400}
nav h2{font-size:.82rem;margin:1.4rem 0 .3rem}nav h2 a{color:var(--ink)}
nav ul{list-style:none;margin:0;padding:0}nav li a{display:block;padding:.12rem 0;overflow-wrap:anywhere}
nav b{font-size:.68rem;color:var(--soft)}
main{padding:2rem clamp(1rem,4vw,4rem);max-width:64rem}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-100vw}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem}
h1{font-size:1.9rem;margin:0 0 1rem}main h2{font-size:1.4rem;margin:3rem 0 .6rem}
h3{font-size:1.05rem;font-weight:600;margin:0;overflow-wrap:anywhere}h3 b{margin-right:.5rem}
h4{font-size:.85rem;margin:1rem 0 .3rem;color:var(--soft)}
article{border-top:1px solid var(--line);padding:1.4rem 0}article p{margin:.5rem 0}
.get{color:var(--get)}.post{color:var(--post)}.id{color:var(--soft);font-size:.85rem}
code{font:.87em ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
pre{background:var(--panel);border:1px solid var(--line);border-radius:.4rem;padding:.8rem 1rem;
overflow:auto}pre code{overflow-wrap:normal}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.35rem 1rem .35rem 0;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:400;font-size:.82rem}
tbody th{font-weight:400;white-space:nowrap}td{min-width:6rem}
@media (max-width:56rem){body{display:block}nav{position:static;height:auto;border-right:0;
border-bottom:1px solid var(--line)}tbody th{white-space:normal}}
@media print{nav,.skip{display:none}body{display:block}}
`;
