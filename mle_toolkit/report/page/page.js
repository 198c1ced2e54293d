"use strict";
const sortable = (table) => {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, k) => head.firstElementChild?.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[k].dataset.value ?? row.cells[k].textContent;
    const order = (a, b) => {
      const x = Number(key(a)), y = Number(key(b));
      return Number.isNaN(x) || Number.isNaN(y) ? key(a).localeCompare(key(b)) : x - y;
    };
    const rows = [...table.tBodies[0].rows].sort(order);
    table.tBodies[0].append(...(down ? rows.reverse() : rows));
  }));
};
const status = document.getElementById("copied");
const copy = (text, what) => navigator.clipboard?.writeText(text).then(
  () => { status.textContent = `${what} copied`; }, () => { status.textContent = "the browser does not let pages copy"; });
document.addEventListener("click", (event) => {
  const cell = event.target.closest("td[data-value]");
  if (cell) copy(cell.dataset.value, cell.dataset.value);
});

const SVG = "http://www.w3.org/2000/svg";
const make = (name, attributes, parent, text) => {
  const element = document.createElementNS(name.startsWith("svg:") ? SVG : "http://www.w3.org/1999/xhtml", name.replace("svg:", ""));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
};
const draggable = (box, line) => {
  const [W, H, left, bottom] = [640, 250, 8, 24];
  const span = line.x[line.x.length - 1] - line.x[0] || 1;
  const top = 1.08 * Math.max(...line.bars.heights, ...line.parameters.flatMap((p) => p.density[line.at]));
  const px = (x) => left + ((x - line.x[0]) / span) * (W - 2 * left);
  const py = (y) => H - bottom - (Math.min(y, 3 * top) / top) * (H - bottom - 6);
  const controls = make("div", {}, box);
  const picture = make("svg:svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `density of the ${line.law} law over the data` }, box);
  const clip = make("svg:clipPath", { id: `clip${box.dataset.line}` }, make("svg:defs", {}, picture));
  make("svg:rect", { x: 0, y: 0, width: W, height: H - bottom }, clip);
  const inside = make("svg:g", { "clip-path": `url(#clip${box.dataset.line})` }, picture);
  line.bars.heights.forEach((height, k) => {
    const [a, b] = [px(line.bars.edges[k]), px(line.bars.edges[k + 1])];
    make("svg:rect", { x: a, y: py(height), width: Math.max(b - a - 0.7, 0.3), height: H - bottom - py(height), fill: "var(--rule)" }, inside);
  });
  const curve = make("svg:path", { fill: "none", stroke: "var(--law)", "stroke-width": 2 }, inside);
  make("svg:line", { x1: 0, x2: W, y1: H - bottom, y2: H - bottom, stroke: "currentColor" }, picture);
  for (let k = 0; k <= 4; k += 1) {
    const x = line.x[0] + (span * k) / 4;
    make("svg:text", { x: px(x), y: H - 7, "font-size": 12, fill: "currentColor", "text-anchor": ["start", "middle", "middle", "middle", "end"][k] }, picture, String(Number(x.toPrecision(3))));
  }
  const bars = make("svg:svg", { viewBox: "0 0 640 58", role: "img", "aria-label": "entropy and divergence as bars that add up to the cross-entropy" }, box);
  const facts = make("dl", {}, box);
  const fact = (name, key) => {
    make("dt", {}, facts, name);
    return make("dd", { "data-quantity": key }, facts);
  };
  const known = line.entropy !== null;
  const shown = {
    nll: fact("NLL / n = cross-entropy, nats", "nll"),
    entropy: fact(line.exact ? "entropy of the data" : "entropy of the data, estimated", "entropy"),
    kl: fact("KL(data ‖ model)", "kl"),
    above: fact("above the best", "above"),
  };
  const best = line.parameters[0].nll[line.at];
  const farthest = Math.max(...line.parameters.flatMap((p) => p.nll)) - best;
  const longest = 500;  // of a bar: a step of the optimiser may lie farther off than what is dragged
  const bar = (y, x, width, colour, text) => {
    make("svg:rect", { x: x + 110, y, width: Math.max(width, 0.5), height: 16, fill: colour }, bars);
    if (text) make("svg:text", { x: 0, y: y + 12.5, "font-size": 12, fill: "currentColor" }, bars, text);
  };
  const show = (parameter, place) => {
    const [nll, density] = [parameter.nll[place], parameter.density[place]];
    const kl = known ? nll - line.entropy : null;
    const steps = line.discrete && line.x.length < 60;
    curve.setAttribute("d", density.map((y, k) => {
      const at = steps ? `${px(line.x[k] - 0.5).toFixed(1)} ${py(y).toFixed(1)}L${px(line.x[k] + 0.5).toFixed(1)}` : px(line.x[k]).toFixed(1);
      return `${k ? "L" : "M"}${at} ${py(y).toFixed(1)}`;
    }).join(""));
    const write = (element, value) => {
      element.dataset.value = value === null ? "" : String(value);
      element.textContent = value === null ? "—" : value.toPrecision(10);
    };
    write(shown.nll, nll);
    write(shown.entropy, line.entropy);
    write(shown.kl, kl);
    write(shown.above, nll - best);
    bars.replaceChildren();
    // The entropy is cut where it is long: what moves is the divergence.
    const base = known ? best - line.entropy : 0;
    const scale = 380 / ((known ? Math.max(base, 0) : 0) + farthest || 1);
    const [a, b] = [120, Math.min(Math.max(known ? kl : nll - best, 0) * scale, longest - 120)];
    bar(4, 0, a + b, "var(--law)", "NLL / n");
    bar(24, 0, a, "var(--entropy)", known ? "entropy + KL" : "best + ΔKL");
    bar(24, a, b, "var(--kl)");
    make("svg:text", { x: 0, y: 54, "font-size": 10, fill: "currentColor" }, bars, known ? "the bar of the entropy is cut; the divergence is to scale" : "the bar of the best is cut; the difference is to scale");
  };
  const sliders = line.parameters.map((parameter) => {
    const label = make("label", {}, controls);
    make("span", {}, label, parameter.name);
    const input = make("input", { type: "range", min: 0, max: parameter.values.length - 1, step: 1, value: line.at, "data-parameter": parameter.name }, label);
    const value = make("output", {}, label, String(Number(parameter.values[line.at].toPrecision(6))));
    input.addEventListener("input", () => {
      for (const [other, output, p] of sliders) {
        if (other !== input) other.value = line.at;
        output.textContent = String(Number(p.values[Number(other.value)].toPrecision(6)));
      }
      show(parameter, Number(input.value));
    });
    return [input, value, parameter];
  });
  const path = line.path;
  if (path) {
    const last = path.nll.length - 1;
    const label = make("label", { title: `from ${path.begin}` }, controls);
    make("span", {}, label, "optimiser");
    const input = make("input", { type: "range", min: 0, max: last, step: 1, value: last, "data-path": "", "aria-label": `step of the optimiser, from ${path.begin}` }, label);
    const output = make("output", {}, label, `step ${path.steps[last]}`);
    const moved = () => {
      const place = Number(input.value);
      output.textContent = `step ${path.steps[place]}`;
      sliders.forEach(([other, text, p], k) => {
        other.value = line.at;
        text.textContent = String(Number(path.values[place][k].toPrecision(6)));
      });
      show(path, place);
    };
    input.addEventListener("input", moved);
    for (const [other] of sliders) other.addEventListener("input", () => { input.value = last; output.textContent = `step ${path.steps[last]}`; });
  }
  show(line.parameters[0], line.at);
};

// Make a piece of a page live: tables can be sorted, numbers copied, laws dragged. Gives the lines of data in it.
const enliven = (root) => {
  root.querySelectorAll("table").forEach(sortable);
  for (const cell of root.querySelectorAll("td[data-value]")) cell.title = cell.dataset.value;
  const lines = [...root.querySelectorAll("script.line-data")].map((element) => JSON.parse(element.textContent));
  for (const box of root.querySelectorAll(".line")) draggable(box, lines[Number(box.dataset.line)]);
  return lines;
};
const lines = enliven(document);
document.getElementById("copy")?.addEventListener("click", () => copy(document.getElementById("result").textContent, "JSON"));
