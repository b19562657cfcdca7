// Draws the map and the stress curve. All data lie in the page; nothing is fetched.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const INK = "#23272f", MUTED = "#5d646e", HAIRLINE = "#c9cdd3", GRID = "#eceef1";
const FONT = { family: "Inter, Segoe UI, Helvetica Neue, Arial, sans-serif", size: 12.5, color: MUTED };
const SYMBOLS = ["circle", "diamond", "square", "triangle-up", "cross", "star", "pentagon"];
const SYMBOLS_3D = ["circle", "diamond", "square", "cross", "x", "circle-open", "diamond-open"];
const CROWD = 3000; // points from which on SVG gets slow
const SHOWN_LEVELS = 30; // legend entries that can still be read
// Named one by one: plotly's own choice has a button that sends the data to a server.
const BUTTONS = [["toImage", "zoom2d", "pan2d", "resetScale2d"]];
const BUTTONS_3D = [["toImage", "orbitRotation", "pan3d", "resetCameraDefault3d"]];
const bare = { displaylogo: false, responsive: true, plotlyServerURL: "" };

function decode(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Kind(bytes.buffer);
}

function hasWebGL() {
  const canvas = document.createElement("canvas");
  try { return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl")); } catch { return false; }
}

const m = data.models, k = data.signs.length;
const axes = Array.from({ length: k }, (_, i) => decode(data.coordinates[i], Float32Array));
const columns = data.columns.map((column) =>
  column.levels
    ? { ...column, codes: decode(column.codes, Int32Array) }
    : { ...column, values: decode(column.values, Float64Array) });
const runs = data.trajectories ? data.trajectories.map((text) => decode(text, Int32Array)) : [];
const webgl = hasWebGL();

const safe = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const short = (value) => (Number.isInteger(value) ? String(value) : Number(value.toPrecision(5)).toString());
const shown = (column, u) => (column.levels ? column.levels[column.codes[u]] : short(column.values[u]));
const sign = (i) => (data.signs[i] > 0 ? "+" : "\u2212");
const nature = (i) => (data.signs[i] > 0 ? "+" : "\u2212, time-like: apart here means closer");
const title = (i) => `component ${i + 1} (${nature(i)})`;

const hover = Array.from({ length: m }, (_, u) => {
  const lines = columns.map((c) => `${safe(c.name)}: <b>${safe(shown(c, u))}</b>`);
  for (let i = 0; i < Math.min(k, 3); i++) lines.push(`component ${i + 1}: ${short(axes[i][u])}`);
  return lines.join("<br>");
});

function options(id, texts, chosen) {
  texts.forEach(([value, text]) => $(id).add(new Option(text, value, false, value === chosen)));
}
const names = axes.map((_, i) => [String(i), `component ${i + 1} (${sign(i)})`]);
options("color", [["", "one color"], ...columns.map((c, i) => [String(i), c.name])], data.color === null ? "" : String(data.color));
options("across", names, "0");
options("up", names, String(Math.min(1, k - 1)));
options("deep", names, String(Math.min(2, k - 1)));
$("lines-label").hidden = runs.length === 0;
$("solid-label").hidden = k < 3;

const size = m > 5000 ? 4 : m > 1000 ? 5 : m > 200 ? 6 : 8;

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) { if (v < low) low = v; if (v > high) high = v; }
  return high - low;
}
const ratio = extent(axes[0]) / Math.max(extent(axes[Math.min(1, k - 1)]), 1e-300);
$("equal").checked = ratio < 3;

const scale = data.scale.map((color, i) => [i / (data.scale.length - 1), color]);
function logTicks(values, floor) {
  const logs = Array.from(values).filter((v) => v > 0).map(Math.log10);
  let low = Infinity, high = -Infinity;
  for (const v of logs) { low = Math.min(low, v); high = Math.max(high, v); }
  const powers = [];
  for (let p = Math.ceil(low - 1e-9); p <= high + 1e-9; p++) powers.push(p);
  const zero = logs.length < values.length;
  return { tickvals: [...(zero ? [floor] : []), ...powers], ticktext: [...(zero ? ["0"] : []), ...powers.map((p) => short(10 ** p))] };
}

// One color, one trace per level, or a scale: [{name, members, marker, color}].
function groups(column, solid) {
  const everyone = Array.from({ length: m }, (_, u) => u);
  if (!column) return [{ name: "models", members: everyone, marker: { color: data.palette[0], size } }];
  if (column.levels) {
    const members = column.levels.map(() => []);
    column.codes.forEach((code, u) => members[code].push(u));
    const symbols = solid ? SYMBOLS_3D : SYMBOLS;
    const few = column.levels.length <= symbols.length;
    return column.levels.map((level, j) => ({
      name: safe(level), members: members[j], color: column.colors[j],
      marker: { color: column.colors[j], size, symbol: few ? symbols[j] : "circle" },
    }));
  }
  // On a log scale a zero, such as step 0, stands half a decade below the rest.
  const color = Array.from(column.values, (v) => (column.floor === null ? v : v > 0 ? Math.log10(v) : column.floor));
  const ticks = column.floor === null ? {} : logTicks(column.values, column.floor);
  const colorbar = { title: { text: safe(column.name), side: "right" }, thickness: 12, outlinewidth: 0, len: 0.8, ...ticks };
  return [{ name: "models", members: everyone, marker: { color, colorscale: scale, colorbar, size, showscale: true } }];
}

function pick(axis, members) { return members.map((u) => axis[u]); }

// Lines through the checkpoints of each trajectory, in the color of their points if
// all of them have the same, else grey.
function lines(column, place, type) {
  const byColor = new Map();
  runs.forEach((run) => {
    let color = HAIRLINE;
    if (column && column.levels) {
      const codes = new Set(run.map((u) => column.codes[u]));
      if (codes.size === 1) color = column.colors[[...codes][0]];
    }
    if (!byColor.has(color)) byColor.set(color, []);
    byColor.get(color).push(...run, -1);
  });
  return [...byColor].map(([color, order]) => {
    const trace = { type, mode: "lines", hoverinfo: "skip", showlegend: false, opacity: color === HAIRLINE ? 0.9 : 0.55, line: { color, width: type === "scatter3d" ? 2.5 : 1.4 } };
    for (const [name, axis] of Object.entries(place)) trace[name] = order.map((u) => (u < 0 ? null : axis[u]));
    return trace;
  });
}

// A ring around the last checkpoint of each trajectory.
function ends(place, type) {
  if (!runs.length) return [];
  const trace = { type, mode: "markers", name: "end of a trajectory", hoverinfo: "skip",
    marker: { symbol: "circle-open", color: INK, size: size + (type === "scatter3d" ? 3 : 6), line: { color: INK, width: 1.4 } } };
  const last = runs.map((run) => run[run.length - 1]);
  for (const [name, axis] of Object.entries(place)) trace[name] = pick(axis, last);
  return [trace];
}

// Truth and ignorance, by name.
function marked(place, type) {
  const names = data.marks.map((mark) => safe(mark.name));
  const trace = { type, mode: "markers+text", name: "marks", showlegend: false, text: names, textposition: "top center", hovertemplate: "%{text}<extra></extra>",
    textfont: { color: INK, size: 13 }, marker: { symbol: "x", color: INK, size: type === "scatter3d" ? 4 : 9 } };
  for (const [name, component] of Object.entries(place)) trace[name] = data.marks.map((mark) => mark.at[component]);
  return trace;
}

function draw() {
  const solid = $("solid").checked && webgl && k > 2;
  const column = $("color").value === "" ? null : columns[Number($("color").value)];
  const [i, j, l] = ["across", "up", "deep"].map((id) => Number($(id).value));
  const type = solid ? "scatter3d" : m > CROWD && webgl ? "scattergl" : "scatter";
  const place = solid ? { x: axes[i], y: axes[j], z: axes[l] } : { x: axes[i], y: axes[j] };
  const found = groups(column, solid);
  const traces = found.map(({ name, members, marker }) => {
    const edge = m <= 1000 ? { line: { color: "#fff", width: solid ? 0 : 0.6 } } : {};
    const trace = { type, mode: "markers", name, text: members.map((u) => hover[u]), hovertemplate: "%{text}<extra></extra>",
      marker: { ...marker, ...edge, size: solid ? Math.max(marker.size - 3, 2) : marker.size, opacity: m > 5000 ? 0.6 : 0.9 } };
    for (const [axis, values] of Object.entries(place)) trace[axis] = pick(values, members);
    return trace;
  });
  const drawn = $("lines").checked ? [...lines(column, place, type), ...traces, ...ends(place, type)] : traces;
  if (data.marks.length) drawn.push(marked(solid ? { x: i, y: j, z: l } : { x: i, y: j }, type));
  const axis = (n) => ({ title: { text: title(n), font: { size: 13, color: INK } }, zeroline: false, gridcolor: GRID, linecolor: HAIRLINE, automargin: true });
  const layout = {
    font: FONT, hovermode: "closest", paper_bgcolor: "#fff", plot_bgcolor: "#fff",
    margin: { l: 56, r: 12, t: 30, b: 48 }, hoverlabel: { bgcolor: "#fff", bordercolor: HAIRLINE, font: { color: INK, size: 12 }, align: "left" },
    showlegend: Boolean(column && column.levels) && found.length <= SHOWN_LEVELS,
    legend: { title: { text: column ? safe(column.name) : "" }, itemsizing: "constant" }, uirevision: `${i},${j},${l},${solid}`,
  };
  if (solid) {
    const flat = (n) => ({ ...axis(n), backgroundcolor: "#fff", gridcolor: HAIRLINE, showspikes: false });
    layout.scene = { xaxis: flat(i), yaxis: flat(j), zaxis: flat(l), aspectmode: $("equal").checked ? "data" : "cube" };
    layout.margin = { l: 0, r: 0, t: 0, b: 0 };
  } else {
    layout.xaxis = axis(i);
    layout.yaxis = { ...axis(j), ...($("equal").checked ? { scaleanchor: "x" } : {}) };
  }
  $("deep-label").hidden = !solid;
  Plotly.react("map", drawn, layout, { ...bare, modeBarButtons: solid ? BUTTONS_3D : BUTTONS });
  notice(found.length);
}

function notice(count) {
  const told = [];
  if (!webgl) {
    $("solid").disabled = true;
    $("solid-label").title = "needs WebGL";
    if (k > 2) told.push("This browser offers no WebGL, which the 3-D view needs: choose other components above instead, or open the page in another browser.");
    if (m > CROWD) told.push(`Without WebGL ${m.toLocaleString("en")} points take a while to draw.`);
  }
  if (count > SHOWN_LEVELS) told.push(`${count} different values: too many for a legend; point at a model to read its own.`);
  $("notice").textContent = told.join(" ");
  $("notice").hidden = told.length === 0;
}

function drawCurve() {
  const x = data.stress.map((_, i) => i + 1);
  const filled = data.signs.map((s) => (s > 0 ? data.palette[0] : "#fff"));
  const text = x.map((n, i) => `first ${n} component${n > 1 ? "s" : ""}: <b>${(100 * data.stress[i]).toFixed(1)} %</b><br>component ${n} is ${data.signs[i] > 0 ? "space-like (+)" : "time-like (\u2212)"}`);
  const trace = { x, y: data.stress, text, hovertemplate: "%{text}<extra></extra>", mode: "lines+markers",
    line: { color: HAIRLINE, width: 1.5 }, marker: { color: filled, size: 9, line: { color: data.palette[0], width: 2 } } };
  Plotly.newPlot("curve", [trace], {
    font: FONT, showlegend: false, margin: { l: 48, r: 8, t: 8, b: 44 },
    xaxis: { title: { text: "components kept" }, tickmode: k <= 12 ? "linear" : "auto", dtick: 1, gridcolor: "#fff", linecolor: HAIRLINE, range: [0.5, x.length + 0.5] },
    yaxis: { title: { text: "explained stress" }, range: [0, 1.04], tickformat: ".0%", gridcolor: GRID, zeroline: false },
  }, { ...bare, displayModeBar: false });
}

for (const id of ["color", "across", "up", "deep", "lines", "equal", "solid"]) $(id).addEventListener("change", draw);
draw();
drawCurve();
document.body.dataset.drawn = "yes"; // so that a test knows that nothing stopped half-way
