#include "eval/report/html_parts.h"

namespace cutract {

// Colours of lines and text have a contrast of at least 4.5:1 with their background in both schemes. A table wider than
// the page scrolls by itself; the shade at its edge shows that there is more (the first two backgrounds move with the
// content and cover the shade at either end).
const char* page_style() {
  return R"(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --faint: #57606a; --grid: #dde2e7;
  --first: #0b62a8; --second: #b0440a; --good: #0f6b3a; --bad: #a8261c; --shade: #00000038; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e6e9ed; --faint: #a4adb8; --grid: #343a42;
  --first: #6cb2f5; --second: #f59a55; --good: #63c98b; --bad: #ff8a80; --shade: #ffffff50; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1400px; padding: 20px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 34px 0 8px; padding-top: 12px; border-top: 1px solid var(--grid); overflow-wrap: anywhere; }
h3 { font-size: 16px; margin: 20px 0 4px; overflow-wrap: anywhere; }
p { margin: 4px 0 10px; max-width: 90ch; overflow-wrap: anywhere; }
.faint { color: var(--faint); font-size: 13.5px; }
blockquote { margin: 2px 0 8px; padding-left: 12px; border-left: 3px solid var(--grid); max-width: 90ch;
  overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 270px), 1fr)); gap: 8px 20px; margin: 14px 0; }
dt { color: var(--faint); font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; }
.two { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 16px 24px; }
.many { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 14px 20px; }
.tables { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 0 48px; }
.tables > section { min-width: 0; max-width: 100%; }
.wide { overflow-x: auto; max-width: 100%; background:
  linear-gradient(to right, var(--paper) 40%, transparent) 0 0 / 40px 100%,
  linear-gradient(to left, var(--paper) 40%, transparent) 100% 0 / 40px 100%,
  linear-gradient(to right, var(--shade), transparent) 0 0 / 12px 100%,
  linear-gradient(to left, var(--shade), transparent) 100% 0 / 12px 100%;
  background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; gap: 0 12px; align-items: baseline; font-size: 14px; }
figcaption > * { min-width: 0; overflow-wrap: anywhere; }
.many .legend { flex-basis: 100%; }
.legend { display: flex; flex-wrap: wrap; gap: 0 14px; color: var(--faint); font-size: 13px; }
figure > svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--faint); paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
svg .mid { text-anchor: middle; }
svg .end { text-anchor: end; }
.line { fill: none; stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round; }
.s0 { stroke: var(--first); }
.s1 { stroke: var(--second); stroke-dasharray: 5 3.5; }
circle.s0 { fill: var(--first); }
circle.s1 { fill: var(--second); }
.grid { stroke: var(--grid); fill: none; }
.axis { stroke: var(--faint); fill: none; }
.mark { stroke: var(--faint); stroke-dasharray: 2 3; fill: none; }
.best { stroke: var(--good); fill: none; opacity: 0.7; }
.dot { fill: var(--good); stroke: var(--paper); }
.spark { width: 110px; height: 22px; vertical-align: middle; }
.bar { width: 80px; height: 9px; background: var(--grid); vertical-align: middle; }
.bar rect { fill: var(--first); }
table { border-collapse: collapse; margin: 6px 0 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 14px 3px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
th { color: var(--faint); font-weight: 600; font-size: 13px; vertical-align: bottom; }
th:first-child, td:first-child, .text { text-align: left; white-space: normal; overflow-wrap: break-word; max-width: 34ch; }
th:first-child, td:first-child { min-width: 9ch; overflow-wrap: anywhere; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
summary { cursor: pointer; font-weight: 600; margin: 14px 0 4px; }
@media (max-width: 600px) { body { padding: 12px; } th { white-space: normal; } th, td { padding-right: 9px; font-size: 13.5px; }
  .spark { width: 70px; } .bar { display: none; } .tables { gap: 0; } }
)";
}

}  // namespace cutract
