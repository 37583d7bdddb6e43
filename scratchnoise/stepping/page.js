"use strict";
// One page: `runs` are recordings (see recording.py), shown one at a time; only the state below changes.
const { runs } = JSON.parse(document.getElementById("data").textContent);
const at = runs.map(() => 0);
let current = 0;
let state = null;

const byId = (id) => document.getElementById(id);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// --- the state after a step -----------------------------------------------------------------------------

function freshState(run) {
  return { place: -1, variables: new Map(), memories: run.sizes.map((size) => new Array(size).fill(null)) };
}

function advance(run, place) {
  if (!state || place < state.place) state = freshState(run);
  for (let k = state.place + 1; k <= place; k++) {
    const step = run.steps[k];
    if (!state.variables.has(step.f)) state.variables.set(step.f, new Map());
    const variables = state.variables.get(step.f);
    for (const [name, value] of Object.entries(step.v || {})) variables.set(name, value);
    for (const [memory, cell, value] of step.c || []) state.memories[memory][cell] = value;
  }
  state.place = place;
}

function stackOf(run, frame) {
  const found = [];
  for (let f = frame; f !== null; f = run.frames[f][1]) found.push(f);
  return found;
}

// --- text with numbers below its names --------------------------------------------------------------------

function withNumbers(text, places, values) {
  const line = make("span", "numbered");
  let from = 0;
  places.forEach(([start, end], i) => {
    const value = values[i];
    if (value === null || value === undefined || value === text.slice(start, end) || start < from) return;
    line.append(make("span", "plain", text.slice(from, start)));
    const pair = make("span", "pair");
    pair.append(make("span", "name", text.slice(start, end)), make("span", "value", value.replace(/-(?=[\d.i])/g, "−")));
    line.append(pair);
    from = end;
  });
  line.append(make("span", "plain", text.slice(from)));
  return line;
}

// --- arrays as grids ------------------------------------------------------------------------------------------

function shown(value) {
  if (value === null || value === undefined) return "·";
  if (typeof value !== "number") return value === true ? "1" : value === false ? "0" : String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value).replace("-", "−");
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

// Which two axes are the rows and columns of a grid: those of the image, those of a filter.
function gridAxes(name, dimensions) {
  if (dimensions === 4) return /^(self\.(params|grads)\["w"\]|d?w)$/.test(name) ? [0, 1] : [1, 2];
  return dimensions === 3 ? [0, 1] : [dimensions - 2, dimensions - 1];
}

function everyIndex(sizes) {
  return sizes.reduce((found, size) => found.flatMap((index) => [...Array(size).keys()].map((k) => [...index, k])), [[]]);
}

function arrayBox(name, view, reads, writes) {
  const [memory, offset, shape, strides, dtype] = view;
  const box = make("figure", "array");
  const caption = make("figcaption");
  caption.append(make("b", "", name), ` (${shape.join(", ")}${shape.length === 1 ? "," : ""}) ${dtype}`);
  box.append(caption);
  const axes = shape.length === 1 ? [null, 0] : gridAxes(name, shape.length);
  const others = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const grids = make("div", "grids");
  for (const fixed of everyIndex(others.map((axis) => shape[axis]))) {
    const index = new Array(shape.length).fill(0);
    others.forEach((axis, i) => (index[axis] = fixed[i]));
    const title = others.length ? `[${shape.map((_, axis) => (axes.includes(axis) ? ":" : index[axis])).join(", ")}]` : "";
    grids.append(grid(title, axes, index, { memory, offset, shape, strides }, reads, writes));
  }
  box.append(grids);
  return box;
}

function grid(title, [rowAxis, columnAxis], index, view, reads, writes) {
  const table = make("table");
  if (title) table.append(make("caption", "", title));
  const head = table.createTHead().insertRow();
  head.append(make("th"));
  for (let j = 0; j < view.shape[columnAxis]; j++) head.append(make("th", "", String(j)));
  const body = table.createTBody();
  for (let i = 0; i < (rowAxis === null ? 1 : view.shape[rowAxis]); i++) {
    const row = body.insertRow();
    row.append(make("th", "", rowAxis === null ? "" : String(i)));
    for (let j = 0; j < view.shape[columnAxis]; j++) {
      if (rowAxis !== null) index[rowAxis] = i;
      index[columnAxis] = j;
      const cell = view.offset + index.reduce((sum, place, axis) => sum + place * view.strides[axis], 0);
      const value = state.memories[view.memory][cell];
      const box = make("td", "", shown(value));
      if (reads.has(`${view.memory},${cell}`)) box.classList.add("read");
      if (writes.has(`${view.memory},${cell}`)) box.classList.add("written");
      box.title = `[${index.join(", ")}] = ${value === null ? "not written yet" : value}`;
      row.append(box);
    }
  }
  return table;
}

// --- the parts of the page ------------------------------------------------------------------------------------

function touched(entries) {
  const found = new Set();
  for (const [memory, cells] of entries || []) for (const cell of cells) found.add(`${memory},${cell}`);
  return found;
}

function showCode(run, step) {
  const shownFunction = run.functions[run.frames[step.f][0]];
  byId("chain").textContent = stackOf(run, step.f).reverse().map((f) => run.functions[run.frames[f][0]].name).join(" › ");
  byId("file").textContent = `${shownFunction.file}:${shownFunction.first}`;
  const list = byId("lines");
  const key = `${current}/${run.frames[step.f][0]}`;
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...shownFunction.lines.map((text, i) => codeLine(text, shownFunction.first + i)));
  }
  const now = step.l - shownFunction.first;
  [...list.children].forEach((item, i) => {
    item.classList.toggle("now", i === now);
    item.classList.toggle("reached", run.reached.has(`${run.frames[step.f][0]}/${shownFunction.first + i}`));
  });
  const line = list.children[now];
  const code = byId("lines");
  const above = line.offsetTop - code.scrollTop;
  if (above < 40 || above > code.clientHeight - 60) code.scrollTop = line.offsetTop - code.clientHeight / 2;
  return shownFunction;
}

function codeLine(text, number) {
  const item = make("li");
  const button = make("button", "", String(number));
  button.title = "run to this line (Shift: back to it)";
  button.setAttribute("aria-label", `run to line ${number}`);
  item.append(button, make("code", "", text || " "));
  item.addEventListener("click", (event) => runTo(number, event.shiftKey));
  return item;
}

function showVariables(run, step, reads, writes) {
  const boxes = stackOf(run, step.f).map((frame, depth) => {
    const section = make("section", depth ? "frame outer" : "frame");
    section.append(make("h3", "", (depth ? "called by " : "") + run.functions[run.frames[frame][0]].name));
    const scalars = make("p", "scalars");
    const arrays = make("div", "arrays");
    for (const [name, value] of state.variables.get(frame) || []) {
      if (Array.isArray(value)) {
        arrays.append(arrayBox(name, run.views[value[1]], reads, writes));
      } else {
        const changed = depth === 0 && step.v && name in step.v;
        const chip = make("span", changed ? "scalar written" : "scalar");
        chip.append(make("b", "", name), ` = ${value.replace(/-(?=[\d.i])/g, "−")}`);
        scalars.append(chip);
      }
    }
    if (scalars.children.length) section.append(scalars);
    if (arrays.children.length) section.append(arrays);
    return section;
  });
  byId("variables").replaceChildren(...boxes);
}

function show() {
  const run = runs[current];
  const step = run.steps[at[current]];
  advance(run, at[current]);
  const shownFunction = showCode(run, step);
  const text = shownFunction.lines[step.l - shownFunction.first] || "";
  const indent = text.length - text.trimStart().length;
  const places = (shownFunction.spans[step.l] || []).map(([start, end]) => [start - indent, end - indent]);
  byId("line").replaceChildren(withNumbers(text.trim(), places, step.n || []));
  byId("equation").replaceChildren(withNumbers(shownFunction.equation, shownFunction.tokens, step.e || []));
  byId("equation-box").hidden = !run.withEquation.has(run.frames[step.f][0]);
  const isLast = at[current] === run.steps.length - 1;
  byId("note").textContent = (isLast && run.stopped ? `stopped: ${run.stopped}` : step.t) || "";
  showVariables(run, step, touched(step.r), touched(step.w));
  byId("slider").max = run.steps.length - 1;
  byId("slider").value = at[current];
  byId("count").textContent = `${at[current] + 1} / ${run.steps.length}`;
  for (const id of ["first", "back"]) byId(id).disabled = at[current] === 0;
  for (const id of ["over", "forward", "last"]) byId(id).disabled = isLast;
  [...byId("switch").children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === current)));
}

// --- moving ---------------------------------------------------------------------------------------------------

function go(place) {
  at[current] = Math.max(0, Math.min(runs[current].steps.length - 1, place));
  show();
}

function find(from, direction, fits) {
  const steps = runs[current].steps;
  for (let k = from + direction; k >= 0 && k < steps.length; k += direction) if (fits(steps[k])) return k;
  return null;
}

function runTo(number, backwards) {
  const run = runs[current];
  const own = run.frames[run.steps[at[current]].f][0];
  const fits = (step) => step.l === number && run.frames[step.f][0] === own && step.k !== "back";
  const place = find(at[current], backwards ? -1 : 1, fits);
  if (place !== null) go(place);
  else byId("note").textContent = `line ${number} does not run ${backwards ? "before" : "after"} this step`;
}

function over() {
  const run = runs[current];
  const outer = new Set(stackOf(run, run.steps[at[current]].f));
  const place = find(at[current], 1, (step) => outer.has(step.f));
  go(place === null ? run.steps.length - 1 : place);
}

const KEYS = {
  ArrowRight: () => go(at[current] + 1),
  ArrowLeft: () => go(at[current] - 1),
  ArrowDown: () => runTo(runs[current].steps[at[current]].l, false),
  ArrowUp: () => runTo(runs[current].steps[at[current]].l, true),
  o: over,
  Home: () => go(0),
  End: () => go(runs[current].steps.length - 1),
};

document.addEventListener("keydown", (event) => {
  if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  KEYS[event.key]();
});
byId("first").addEventListener("click", KEYS.Home);
byId("back").addEventListener("click", KEYS.ArrowLeft);
byId("forward").addEventListener("click", KEYS.ArrowRight);
byId("over").addEventListener("click", over);
byId("last").addEventListener("click", KEYS.End);
byId("slider").addEventListener("input", (event) => go(Number(event.target.value)));

runs.forEach((run, i) => {
  run.reached = new Set(run.steps.map((step) => `${run.frames[step.f][0]}/${step.l}`));
  run.withEquation = new Set(run.steps.filter((step) => step.e).map((step) => run.frames[step.f][0]));
  const button = make("button", "", run.label);
  button.addEventListener("click", () => {
    current = i;
    state = null;
    show();
  });
  byId("switch").append(button);
});
byId("switch").hidden = runs.length < 2;
show();
