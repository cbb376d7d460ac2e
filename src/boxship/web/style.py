"""How pages look: light or dark as the reader's system is, and on paper."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root {
  --ground: #fff; --ink: #1b1f24; --faint: #59636e; --line: #d5dbe1; --panel: #f5f7f9;
  --ok: #1a7f37; --warning: #9a6700; --error: #cf222e; --skipped: #59636e;
  --names: #0e8fa3; --tcp: #d08700; --proxy: #8250df; --tls: #bf3989; --first-byte: #2da44e; --transfer: #3b7ddd;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1116; --ink: #e3e8ee; --faint: #98a2ad; --line: #303840; --panel: #171c22;
    --ok: #4ac26b; --warning: #d9a72c; --error: #ff7b72; --skipped: #98a2ad;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
h3 { font-size: .95rem; margin: 1rem 0 .3rem; }
p { margin: .3rem 0; }
code, pre, svg text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
pre { margin: .3rem 0; padding: .6rem .8rem; background: var(--panel); border: 1px solid var(--line);
  border-radius: 6px; font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
.faint, footer { color: var(--faint); }
footer { margin-top: 2.5rem; font-size: 13px; }
.verdict { margin: 1rem 0; padding: .8rem 1rem; border-left: 5px solid var(--status); background: var(--panel);
  font-size: 1.05rem; overflow-wrap: anywhere; }
.ok { --status: var(--ok); } .warning { --status: var(--warning); }
.error { --status: var(--error); } .skipped { --status: var(--skipped); }
.check { display: grid; grid-template-columns: 5.5rem 1fr; gap: 0 .8rem; padding: .45rem 0;
  border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.check > b { color: var(--status); }
.check p, .check ul { margin: 0; }
.check ul { padding-left: 1.1rem; }
.remedies { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.2rem; }
svg { width: 100%; height: auto; }
svg text { fill: var(--ink); font-size: 13px; }
svg .faint { fill: var(--faint); } svg .failure { fill: var(--error); }
svg .line { stroke: var(--line); }
svg .names { fill: var(--names); } svg .tcp { fill: var(--tcp); } svg .proxy { fill: var(--proxy); }
svg .tls { fill: var(--tls); } svg .first-byte { fill: var(--first-byte); } svg .transfer { fill: var(--transfer); }
svg .failed { stroke: var(--error); stroke-width: 2; stroke-dasharray: 5 3; }
@media print {
  body { font-size: 11pt; } main { max-width: none; padding: 0; }
  .check, article, svg { break-inside: avoid; } h2, h3 { break-after: avoid; }
}
"""
