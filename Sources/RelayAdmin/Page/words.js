"use strict";

// Numbers with their units, as people read them, and the elements that hold them.

const digits = (value, most) => value.toLocaleString("en", { maximumFractionDigits: most });

/** A count in three digits or so: 7.4, 128, 12.3 k, 4.05 M. */
function count(value) {
  for (const [size, unit] of [[1e9, " G"], [1e6, " M"], [1e4, " k"]]) {
    const scaled = value / (unit === " k" ? 1e3 : size);
    if (value >= size) return digits(scaled, scaled < 10 ? 2 : scaled < 100 ? 1 : 0) + unit;
  }
  return digits(value, value < 10 && !Number.isInteger(value) ? 1 : 0);
}

/** Seconds as a length of time: 840 ns, 23 µs, 1.2 ms, 3.5 s, 4 min 10 s. */
function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds >= 60) return longSpan(seconds);
  for (const [size, unit] of [[1, " s"], [1e-3, " ms"], [1e-6, " µs"]]) {
    const scaled = seconds / size;
    if (scaled >= 0.9995) return digits(scaled, scaled < 10 ? 2 : scaled < 100 ? 1 : 0) + unit;
  }
  return seconds > 0 ? digits(seconds * 1e9, 0) + " ns" : "0";
}

/** The two largest units. */
function longSpan(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const first = Math.max(0, parts.findIndex(([value]) => value > 0));
  const shown = parts.slice(first, first + 2).filter(([value], place) => place === 0 || value > 0);
  return whole === 0 ? "0 s" : shown.map(([value, unit]) => `${value} ${unit}`).join(" ");
}

function bytes(value) {
  for (const [size, unit] of [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]) {
    if (value >= size) return `${digits(value / size, value / size < 10 ? 1 : 0)} ${unit}`;
  }
  return `${value} bytes`;
}

const plural = (number, one, many = one + "s") => `${digits(number, 0)} ${number === 1 ? one : many}`;
const clock = (text) => new Date(text).toLocaleTimeString("en-GB");
const since = (text, now) => longSpan((now - new Date(text)) / 1000);

const byId = (id) => document.getElementById(id);

/** Sets a text only where it changes: what is selected stays selected, and nothing is read out twice. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An element with attributes and children; text is text, never markup. */
function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// A state is a shape and a word before it is a colour.
const shapes = {
  pass: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm3.2 4.3L7 9.5 4.9 7.4 3.8 8.5 7 11.7l5.3-5.3z",
  warn: "M8 1.2 15.2 14H.8zM7.2 6v4h1.6V6zm0 5v1.6h1.6V11z",
  fail: "M4.9 1h6.2L15 4.9v6.2L11.1 15H4.9L1 11.1V4.9zm.6 3.4L4.4 5.5 6.9 8l-2.5 2.5 1.1 1.1L8 9.1l2.5 2.5 1.1-1.1"
    + "L9.1 8l2.5-2.5-1.1-1.1L8 6.9z",
  idle: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 1.6a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6z",
  drain: "M7.2 1h1.6v7.2l2.6-2.6 1.1 1.1L8 11.2 3.5 6.7l1.1-1.1L7.2 8.2zM2 13h12v1.8H2z",
};

function show(holder, state, word) {
  if (holder.dataset.state !== state) {
    holder.dataset.state = state;
    const kind = state === "drain" ? "warn" : state;
    holder.classList.remove("pass", "warn", "fail", "idle");
    holder.classList.add(kind);
    holder.querySelector(".icon").replaceChildren(
      draw("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" },
        draw("path", { d: shapes[state], fill: "currentColor", "fill-rule": "evenodd" })));
  }
  say(holder.querySelector(".word, .words"), word);
}

function mark(state, word) {
  const holder = make("span", { class: "mark" }, make("span", { class: "icon", "aria-hidden": "true" }),
    make("span", { class: "word" }));
  show(holder, state, word);
  return holder;
}

/** A row and what is opened below it. */
function block(row) {
  const next = row.nextElementSibling;
  return next && !next.dataset.key ? [row, next] : [row];
}

/**
 * Rows by key: those that stay are changed in place. One that somebody has opened or is at stays although it is no entry
 * any more, and the one with the focus is never moved: that would take the focus away.
 */
function rows(table, entries, keyOf, build, update) {
  const body = table.tBodies[0];
  const before = [...body.rows].filter((row) => row.dataset.key);
  const known = new Map(before.map((row) => [row.dataset.key, row]));
  const wanted = entries.map((entry) => {
    const key = keyOf(entry);
    const row = known.get(key) ?? build(entry);
    known.delete(key);
    row.dataset.key = key;
    update(row, entry);
    return row;
  });
  for (const row of known.values()) {
    if (row.contains(document.activeElement) || row.querySelector("[aria-expanded=true]")) wanted.push(row);
    else block(row).forEach((part) => part.remove());
  }
  if (wanted.length === before.length && wanted.every((row, index) => row === before[index])) return;
  const fixed = wanted.findIndex((row) => row.contains(document.activeElement));
  wanted.forEach((row, index) => {
    if (index === fixed) return;
    for (const part of block(row)) body.insertBefore(part, index < fixed ? wanted[fixed] : null);
  });
}
