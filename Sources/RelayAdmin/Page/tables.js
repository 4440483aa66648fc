// The tables below the charts.

const stageMeaning = {
  route: "to the recipient's connection or queue",
  enqueue: "until its outbox has room",
  write: "until its socket takes it",
  store: "until it is safe on disk",
  queue: "for its recipient to come",
};

function cell(row, index) { return row.cells[index]; }

function showStages(overview) {
  say(byId("stage-span"), `the last ${longSpan(Math.round(overview.now.seconds))}`);
  const all = [{ stage: "all", quantiles: overview.now.latency }, ...overview.now.stages];
  const known = all.flatMap(({ quantiles }) => quantiles.count > 0 ? [quantiles.p50, quantiles.p99] : []);
  const low = Math.floor(Math.log10(Math.max(Math.min(...known, 1e-4), 1e-9)));
  const range = [low, Math.max(low + 1, Math.ceil(Math.log10(Math.max(...known, 1e-4))))];
  say(byId("range-title"), `Median to 99 %, on a scale of ${span(10 ** range[0])} to ${span(10 ** range[1])}`);
  rows(byId("stages"), all, ({ stage }) => stage, ({ stage }) => make("tr", {},
    make("th", { scope: "row" }, stage === "all" ? "Arrival to write" : stage,
      make("small", {}, stageMeaning[stage] ?? "route, enqueue and write together")),
    ...[1, 2, 3, 4].map(() => make("td", { class: "number" })), make("td", { class: "range" })),
  (row, { quantiles }) => {
    say(cell(row, 1), count(overview.now.seconds > 0 ? quantiles.count / overview.now.seconds : 0));
    ["p50", "p95", "p99"].forEach((key, index) => say(cell(row, index + 2), span(quantiles[key])));
    cell(row, 5).replaceChildren(whisker(quantiles, range));
  });
}

const verdictWords = { pass: "passes", warn: "warns", fail: "fails", pending: "not looked at yet" };

function showHealth(overview, now) {
  const latches = overview.health.latches.map((latch) => ({
    name: latch.name, status: latch.held ? "fail" : "pass", reason: latch.reason, since: latch.since,
  }));
  rows(byId("health"), [...latches, ...overview.health.checks], ({ name }) => name, ({ name }) => make("tr", {},
    make("th", { scope: "row" }, name.replaceAll("_", " ")), make("td", {}, mark("idle", "")),
    make("td", { class: "why" })),
  (row, check) => {
    show(row.querySelector(".mark"), check.status === "pending" ? "idle" : check.status, verdictWords[check.status]);
    const time = since(check.since, now);
    say(cell(row, 2), check.reason ? `${check.reason}, for ${time}` : `for ${time}`);
  });
}

function showLoops(loops) {
  rows(byId("loops"), loops, ({ index }) => String(index), ({ index }) => make("tr", {},
    make("th", { scope: "row" }, String(index)), make("td", { class: "number" }), make("td", { class: "number" })),
  (row, loop) => {
    say(cell(row, 1), digits(loop.connections, 0));
    say(cell(row, 2), span(loop.lag_seconds));
  });
}

/** Who does not take what is sent: a slow consumer is one that stays there. */
function showBehind(document) {
  const behind = document.connections.filter((one) => one.outbox_bytes > 0 || one.lag_seconds > 0.05);
  byId("behind").hidden = behind.length === 0;
  byId("behind-nothing").hidden = behind.length > 0;
  rows(byId("behind"), behind, (one) => one.session ?? one.address, (one) => make("tr", {},
    make("th", { scope: "row" }, one.agent ? short(one.agent) : "not yet known", make("small")),
    ...[1, 2, 3].map(() => make("td", { class: "number" }))),
  (row, one) => {
    const slow = one.slow_seconds === undefined ? "" : `slow consumer for ${span(one.slow_seconds)}`;
    say(cell(row, 0).querySelector("small"), slow);
    say(cell(row, 1), bytes(one.outbox_bytes));
    say(cell(row, 2), span(one.lag_seconds));
    say(cell(row, 3), count(one.messages_out));
  });
}

function showLongest(document) {
  byId("longest").hidden = document.queues.length === 0;
  byId("longest-nothing").hidden = document.queues.length > 0;
  rows(byId("longest"), document.queues, ({ agent }) => agent, ({ agent }) => make("tr", {},
    make("th", { scope: "row" }, short(agent), make("small")),
    ...[1, 2, 3].map(() => make("td", { class: "number" }))),
  (row, queue) => {
    say(cell(row, 0).querySelector("small"), queue.connected ? "connected" : "away");
    say(cell(row, 1), count(queue.messages));
    say(cell(row, 2), bytes(queue.bytes));
    say(cell(row, 3), queue.oldest_age_seconds === undefined ? "–" : longSpan(queue.oldest_age_seconds));
  });
}

const stageOrder = ["queue", "route", "store", "enqueue", "write"];

function split(message) {
  const parts = stageOrder.flatMap((stage) => message.stages.filter((part) => part.stage === stage));
  return make("div", { class: "split", "aria-hidden": "true" }, ...parts.map((part) => {
    const piece = make("span", { class: part.stage, title: `${part.stage} ${span(part.seconds)}` });
    piece.style.flexGrow = String(Math.max(part.seconds / message.seconds, 0.004));
    return piece;
  }));
}

function showSlow(document, openWay) {
  const messages = document.messages;
  byId("slow").hidden = messages.length === 0;
  byId("slow-keys").hidden = messages.length === 0;
  byId("slow-nothing").hidden = messages.length > 0;
  say(byId("slow-nothing"), document.since
    ? "No message was written to a connected recipient in these ten minutes."
    : "This relay keeps no messages' ways: tracing.recorder_bytes is 0, or there was no memory for it.");
  const keyOf = (message) => `${message.id} ${message.sender} ${message.recipient}`;
  rows(byId("slow"), messages, keyOf, (message) => {
    const button = make("button", { type: "button", class: "open", "aria-expanded": "false" }, message.id.slice(0, 13));
    button.title = message.id;
    button.setAttribute("aria-label", `Message ${message.id}, its way`);
    const who = make("small", {}, `${short(message.sender)} to ${short(message.recipient)}`);
    const row = make("tr", {}, make("th", { scope: "row" }, button, who), make("td", { class: "number" }),
      make("td", { class: "range" }), make("td"), make("td"));
    button.addEventListener("click", () => openWay(row, button, message.id));
    return row;
  }, (row, message) => {
    say(cell(row, 1), span(message.seconds));
    if (!cell(row, 2).hasChildNodes()) {
      const share = Math.round(100 * message.slowest_stage_seconds / Math.max(message.seconds, 1e-9));
      cell(row, 2).append(split(message), make("small", {}, `${share} % ${message.slowest_stage}`));
    }
    say(cell(row, 3), fate(message));
    say(cell(row, 4), clock(message.written_at));
  });
}

const short = (agent) => agent.replace("sha256:", "").slice(0, 8);

function fate(message) {
  if (!message.fate) return "no longer known";
  if (message.fate === "under_way") return "not acknowledged";
  return message.reason ? `${message.fate}: ${message.reason.replaceAll("_", " ")}` : message.fate;
}

/** A message's steps, below its row. */
function way(message) {
  const longest = Math.max(...message.steps.map((step) => step.seconds), 1e-9);
  return make("ol", { class: "steps" }, ...message.steps.map((step, index) => {
    const length = make("span", { class: "length", "aria-hidden": "true" });
    length.style.width = `${100 * step.seconds / longest}%`;
    return make("li", {}, make("span", {}, step.stage + (step.attempt > 1 ? ` (${step.attempt})` : "")),
      make("span", { class: "quiet at" }, step.at.slice(11, 23)),
      make("span", { class: "number" }, index === 0 ? "" : `+ ${span(step.seconds)}`), length);
  }));
}

/** A hash by its first digits, enough to find it again. */
function plain(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  return value.replace(/^sha256:([0-9a-f]{16})[0-9a-f]+$/, "sha256:$1…");
}

function showLog(lines) {
  byId("log-nothing").hidden = lines.length > 0;
  const kind = { warning: "warn", error: "fail", critical: "fail" };
  const reserved = new Set(["timestamp", "level", "message", "logger", "relay_id"]);
  byId("log").replaceChildren(...lines.reverse().map((line) => {
    const fields = Object.entries(line).filter(([key]) => !reserved.has(key));
    const rest = fields.map(([key, value]) => `${key.replace(/_hash$/, "").replaceAll("_", " ")} ${plain(value)}`);
    return make("li", {}, make("time", { datetime: line.timestamp, class: "quiet" }, clock(line.timestamp)),
      mark(kind[line.level] ?? "idle", line.level),
      make("span", { class: "text" }, line.message, " ", make("small", {}, rest.join(" · "))));
  }));
}
