// Lines over the last minutes: drawn anew each second, never moved.

const room = { left: 8, right: 8, top: 16, bottom: 20 };

/** Bounds for an axis: from zero in round steps, or in powers of ten. */
function axis(values, isLogarithmic) {
  const known = values.filter((value) => value !== null && value > 0);
  if (isLogarithmic) {
    const low = Math.floor(Math.log10(Math.min(...known, 1e-3)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...known, 1e-4))));
    const marks = [];
    for (let power = low; power <= high; power += Math.ceil((high - low) / 4)) marks.push(10 ** power);
    return { marks, place: (value) => (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low) };
  }
  const most = Math.max(...known, 0) || 1;
  const rough = most / 3;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 5, 10].find((factor) => factor * size >= rough);
  const top = Math.ceil(most / step) * step;
  const marks = [];
  for (let mark = step; mark <= top * 1.001; mark += step) marks.push(mark);
  return { marks, place: (value) => value / top };
}

class Chart {
  /** lines: {key, name, colour, style, isFilled}; unit: a number's text; nothing: what an empty chart says. */
  constructor(holder, { lines, unit, isLogarithmic = false, nothing }) {
    Object.assign(this, { holder, lines, unit, isLogarithmic, nothing });
    this.back = null;
    this.keys = make("ul", { class: "keys" });
    this.values = lines.map((line) => {
      const value = make("b");
      this.keys.append(make("li", {}, draw("svg", { viewBox: "0 0 22 10", class: "chart-key", "aria-hidden": "true" },
        draw("path", { d: "M1 5H21", class: this.style(line) })), `${line.name} `, value));
      return value;
    });
    this.when = make("li", { class: "when" });
    this.keys.append(this.when);
    this.read = make("p", { class: "unseen", "aria-live": "polite" });
    this.svg = draw("svg", { tabindex: "0", role: "img" });
    holder.append(this.keys, this.svg, this.read);
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.look(null));
    this.svg.addEventListener("blur", () => this.look(null));
    this.svg.addEventListener("keydown", (event) => this.step(event));
    new ResizeObserver(() => this.redraw()).observe(holder);
  }

  style(line) { return [line.colour, line.style ?? ""].join(" ").trim(); }

  update(history) {
    this.history = history;
    this.redraw();
  }

  redraw() {
    if (!this.history) return;
    const box = this.svg.getBoundingClientRect();
    if (box.width === 0) return;
    this.width = box.width;
    this.height = box.height;
    this.length = this.history.length;
    this.seconds = [60, 90, 120, 180, 300].find((span) => span >= this.length) ?? 300;
    const all = this.lines.flatMap((line) => this.history.of(line.key));
    this.isEmpty = !all.some((value) => value !== null && value > 0);
    this.scale = axis(all, this.isLogarithmic);
    this.svg.replaceChildren(...this.frame(), ...this.lines.flatMap((line) => this.trace(line)), ...this.cross());
    this.legend();
    const summary = this.lines.map((line, index) => `${line.name} ${this.values[index].textContent}`).join(", ");
    this.svg.setAttribute("aria-label", this.isEmpty
      ? this.nothing : `Chart of the last ${longSpan(this.seconds)}. Now: ${summary}. Arrow keys go back in time.`);
  }

  x(index) {
    const wide = this.width - room.left - room.right;
    return room.left + wide * (1 - (this.length - 1 - index) / (this.seconds - 1));
  }

  y(value) { return this.height - room.bottom - this.scale.place(value) * (this.height - room.top - room.bottom); }

  frame() {
    const bottom = this.height - room.bottom;
    const right = this.width - room.right;
    const level = (y, name) => draw("line", { x1: room.left, x2: right, y1: y, y2: y, class: name });
    const parts = [level(bottom, "zero"),
      draw("text", { x: room.left, y: this.height - 4 }, `${longSpan(this.seconds)} ago`),
      draw("text", { x: right, y: this.height - 4, "text-anchor": "end" }, "now")];
    if (this.isEmpty) {
      const middle = { x: this.width / 2, y: (room.top + bottom) / 2 + 4, class: "nothing-here" };
      return [...parts, draw("text", middle, this.nothing)];
    }
    for (const mark of this.scale.marks) {
      const y = this.y(mark);
      if (bottom - y < 6) continue;
      parts.push(level(y, "grid-line"), draw("text", { x: room.left, y: y - 4 }, this.unit(mark)));
    }
    return parts;
  }

  trace(line) {
    const values = this.history.of(line.key);
    if (this.isEmpty) return [];
    let path = "";
    let isDown = false;
    values.forEach((value, index) => {
      if (value === null) { isDown = false; return; }
      const next = values[index + 1];
      const alone = !isDown && (next === null || next === undefined) ? "h.01" : "";
      path += `${isDown ? "L" : "M"}${this.x(index).toFixed(1)} ${this.y(value).toFixed(1)}${alone}`;
      isDown = true;
    });
    const drawn = draw("path", { d: path, class: this.style(line) });
    if (!line.isFilled || path === "") return [drawn];
    const bottom = this.height - room.bottom;
    const area = `${path}L${this.x(values.length - 1).toFixed(1)} ${bottom}L${this.x(0).toFixed(1)} ${bottom}Z`;
    return [draw("path", { d: area, class: "area" }), drawn];
  }

  cross() {
    if (this.back === null || this.isEmpty) return [];
    const x = this.x(this.length - 1 - this.back);
    return [draw("line", { x1: x, x2: x, y1: room.top - 6, y2: this.height - room.bottom, class: "cross" })];
  }

  legend() {
    const index = this.length - 1 - (this.back ?? 0);
    this.lines.forEach((line, place) => {
      const value = this.history.of(line.key)[index];
      say(this.values[place], value === undefined || value === null ? "–" : this.unit(value));
    });
    say(this.when, this.back ? `${longSpan(this.back)} ago` : "");
  }

  point(event) {
    if (!this.length || this.isEmpty) return;
    const box = this.svg.getBoundingClientRect();
    const share = (event.clientX - box.left - room.left) / (this.width - room.left - room.right);
    const back = Math.round((1 - share) * (this.seconds - 1));
    this.look(Math.min(Math.max(back, 0), this.length - 1));
  }

  step(event) {
    const steps = { ArrowLeft: 1, ArrowRight: -1, PageUp: 10, PageDown: -10, Home: this.length, End: -this.length };
    if (!(event.key in steps) || !this.length || this.isEmpty) return;
    event.preventDefault();
    this.look(Math.min(Math.max((this.back ?? 0) + steps[event.key], 0), this.length - 1));
    const values = this.lines.map((line, place) => `${line.name} ${this.values[place].textContent}`);
    say(this.read, `${this.back ? this.when.textContent : "now"}: ${values.join(", ")}`);
  }

  look(back) {
    this.back = back;
    this.redraw();
  }
}

/** Median to 99 % on one scale of powers of ten for all rows. */
function whisker(quantiles, [low, high]) {
  const place = (seconds) => 2 + 96 * (Math.log10(seconds) - low) / (high - low);
  const svg = draw("svg", { "aria-hidden": "true" });
  svg.append(draw("line", { x1: "0%", x2: "100%", y1: "50%", y2: "50%", class: "track" }));
  if (quantiles.count === 0) return svg;
  const [from, to] = [place(Math.max(quantiles.p50, 1e-9)), place(Math.max(quantiles.p99, 1e-9))];
  svg.append(draw("line", { x1: `${from}%`, x2: `${to}%`, y1: "50%", y2: "50%", class: "span" }),
    draw("circle", { cx: `${from}%`, cy: "50%", r: 4, class: "dot" }));
  return svg;
}
