#include "cli/report_page.hpp"

namespace backfill::cli {

// Colours that are told apart by those who do not see red and green alike (Okabe and Ito, muted);
// on dark ground the same hues, lighter.
const std::string_view report_style = R"css(
:root{color-scheme:light dark;--ground:#f6f7f9;--paper:#fff;--ink:#1b2430;--quiet:#5d6b7c;--rule:#dfe4ea;--grid:#e9edf1;
--c0:#2f6fb3;--c1:#d98a1f;--c2:#1f9a7c;--c3:#c2553d;--c4:#8b63ad;--c5:#5aa7d6;--c6:#b0708f;--c7:#7f8a96;
--good:#14795c;--bad:#b3361f;--wait:#9a6209}
@media (prefers-color-scheme:dark){:root{--ground:#12161c;--paper:#1a2029;--ink:#e4e9ef;--quiet:#97a4b3;--rule:#2c3540;--grid:#262e38;
--c0:#6aa5e0;--c1:#eaa845;--c2:#4fc3a3;--c3:#e58068;--c4:#b494d4;--c5:#8cc6ec;--c6:#d79ab5;--c7:#98a3af;
--good:#4fc3a3;--bad:#ee8a74;--wait:#eaa845}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:1040px;margin:0 auto;padding:28px 20px 48px}
header p{margin:.2em 0;color:var(--quiet)}
h1{font-size:26px;line-height:1.2;margin:0;display:flex;flex-wrap:wrap;gap:12px;align-items:center;overflow-wrap:anywhere}
h2{font-size:16px;margin:0 0 10px}
.badge{font-size:13px;font-weight:600;padding:3px 11px;border-radius:99px;border:1.5px solid currentColor;white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.wait{color:var(--wait)}
header .says{color:var(--ink);font-size:16px;margin:12px 0 0}
section{background:var(--paper);border:1px solid var(--rule);border-radius:10px;padding:16px 18px;margin-top:16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:1px;padding:0;overflow:hidden;background:var(--rule)}
.tiles div{background:var(--paper);padding:14px 18px}
.tiles b{display:block;font-size:22px;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums;white-space:nowrap}
.tiles span{color:var(--quiet);font-size:13px}
figure{margin:0 0 20px}figure:last-child{margin-bottom:0}
figcaption{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;margin-bottom:2px}
figcaption b{font-weight:600}figcaption span{color:var(--quiet);font-size:13px}
svg{display:block;width:100%;height:auto;overflow:visible}
.grid{stroke:var(--grid)}.axis{stroke:var(--quiet);opacity:.6}
.tick{fill:var(--quiet);font-size:11.5px;font-variant-numeric:tabular-nums}.mid{text-anchor:middle}.end{text-anchor:end}
.run{stroke:var(--quiet);stroke-dasharray:3 4;stroke-width:1.2}
.area{fill:var(--c);fill-opacity:.22;stroke:none}.stack .area{fill-opacity:.85}
.line{fill:none;stroke:var(--c);stroke-width:1.7;stroke-linejoin:round}.thin{fill:none;stroke:var(--c);stroke-width:1;opacity:.55}
.band{fill:var(--c);fill-opacity:.85}.name{fill:var(--paper);font-size:12px;font-weight:600;text-anchor:middle}
.strip{fill:transparent}.strip:hover{fill:var(--ink);fill-opacity:.07}
.key{display:inline-block;width:10px;height:10px;border-radius:3px;background:var(--c);margin-right:6px}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}.c5{--c:var(--c5)}.c6{--c:var(--c6)}.c7{--c:var(--c7)}
.wide{overflow-x:auto}
.charts figure{min-width:820px}.charts figcaption{position:sticky;left:0;width:fit-content;max-width:min(100%,100vw - 110px)}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{text-align:left;font-weight:600;color:var(--quiet);white-space:nowrap}
th,td{padding:5px 14px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top}
tr:last-child td{border-bottom:0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.t{white-space:nowrap;font-variant-numeric:tabular-nums}
td.w{overflow-wrap:anywhere}
pre{margin:0;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
summary{cursor:pointer;font-weight:600}details[open] summary{margin-bottom:10px}
footer{color:var(--quiet);font-size:13px;margin-top:18px}
.none{color:var(--quiet);margin:0}
@media print{body{background:#fff}section{break-inside:avoid}}
)css";

}  // namespace backfill::cli
