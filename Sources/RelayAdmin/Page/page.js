// Asks once a second, shows what comes, and says so when nothing does.

const history = new History();
const charts = {};
let lastSeen = null;
let lastWord = "";
let slowAsked = 0;

function chart(id, unit, nothing, ...lines) {
  const named = lines.map(([key, name, colour, more]) => ({ key, name, colour, ...more }));
  charts[id] = new Chart(byId(id), { unit, nothing, lines: named, isLogarithmic: id === "latency" });
}

function begin() {
  const [filled, dashed] = [{ isFilled: true }, { style: "dashed" }];
  chart("rate", count, "No message in these minutes",
    ["delivered", "delivered", "blue", filled], ["accepted", "accepted", "ink", dashed]);
  chart("lost", count, "Nothing dropped, nothing expired",
    ["dropped", "dropped", "red"], ["expired", "expired", "amber", dashed]);
  chart("latency", span, "No message in these minutes",
    ["p50", "median", "teal"], ["p99", "99 %", "violet", dashed]);
  chart("queue", count, "Nothing queued, nothing in flight",
    ["queued", "queued", "blue", filled], ["in_flight", "in flight", "violet", dashed]);
  chart("connections", count, "Nobody is connected", ["connections", "open", "teal"]);
  byId("slow-keys").replaceChildren(...stageOrder.slice(1).map((stage) => make("li", { class: stage },
    draw("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" },
      draw("rect", { width: 22, height: 10, rx: 2, fill: "currentColor" })),
    make("span", { class: "quiet" }, stage))));
  byId("login").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(tokenKey, byId("token").value);
    byId("token").value = "";
    tick();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
  tick();
}

let waiting;

async function tick() {
  clearTimeout(waiting);
  if (document.hidden) return;
  const number = tick.number = (tick.number ?? 0) + 1;
  try {
    const overview = await ask(`ui/overview?after=${history.last}`);
    if (number !== tick.number) return;
    if (!history.take(overview.history)) {
      history.forget();
      slowAsked = 0;
    } else {
      lastSeen = new Date();
      showAll(overview);
      await showMore();
    }
  } catch (error) {
    if (number === tick.number) failed(error);
  }
  if (number === tick.number) waiting = setTimeout(tick, 1000);
}

/** What changes slowly is asked for every five seconds. */
async function showMore() {
  if (Date.now() - slowAsked < 5000) return;
  slowAsked = Date.now();
  showBehind(await ask("ui/connections?sort=outbox&limit=5"));
  showLongest(await ask("ui/queue?limit=5"));
  showSlow(await ask("ui/slow?limit=8&seconds=600"), openWay);
  showLog(await ask("ui/logs?level=warn&lines=8"));
}

function showAll(overview) {
  const now = new Date(overview.at);
  phase("open");
  showState(overview, now);
  showTiles(overview);
  for (const chart of Object.values(charts)) chart.update(history);
  showStages(overview);
  showHealth(overview, now);
  showLoops(overview.status.event_loops);
  showTexts(overview, now);
}

function phase(name) {
  document.body.dataset.phase = name;
  byId("login").hidden = name !== "login";
  byId("numbers").hidden = name === "login" || lastSeen === null;
}

function showState(overview, now) {
  const { status, health } = overview;
  const held = health.latches.filter((latch) => latch.held);
  const failing = [...held, ...health.checks.filter((check) => check.status === "fail")];
  const warning = health.checks.filter((check) => check.status === "warn");
  if (status.state === "draining" || held.some((latch) => latch.name === "draining")) {
    const left = plural(status.connections.active, "connection");
    return tell("drain", "Draining", `The relay is draining; ${left} remain.`);
  }
  if (!status.health.live) return tell("fail", "Not live", why(failing), "fail");
  if (!status.health.ready) {
    return tell("fail", status.state === "starting" ? "Starting" : "Not ready", why(failing), "fail");
  }
  if (warning.length > 0) return tell("warn", "Ready, with a warning", why(warning));
  return tell("pass", "Ready", "");
}

function why(items) {
  return items.map((item) => `${item.name.replaceAll("_", " ")}: ${item.reason ?? "no reason given"}`).join("; ");
}

/** The word beside the name, and where there is a reason to give, the banner. */
function tell(state, word, reason, kind = "warn") {
  show(byId("state"), state, word);
  const banner = byId("banner");
  banner.hidden = reason === "";
  banner.classList.toggle("fail", kind === "fail");
  if (reason) show(banner, state, reason);
  document.title = `${word} – ${byId("relay").textContent}`;
  if (word !== lastWord) say(byId("news"), lastWord ? `The relay is now: ${word}. ${reason}` : "");
  lastWord = word;
}

function showTiles(overview) {
  const { now, status: { connections, messages, queue }, totals } = overview;
  const median = now.latency.count > 0 ? `median ${span(now.latency.p50)}` : "no message in ten seconds";
  const oldest = queue.oldest_age_seconds;
  const tiles = [
    ["Delivered", count(now.rates.delivered), "a second", `over ten seconds; ${count(messages.delivered)} since the start`],
    ["Latency, 99 %", span(now.latency.p99), "", median],
    ["Connections", digits(connections.active, 0), "", `${digits(connections.authenticated, 0)} authenticated`],
    ["Queued", count(queue.messages), "", oldest === undefined ? "nothing waits" : `the oldest for ${longSpan(oldest)}`],
    ["Dropped or expired", count(now.rates.dropped + now.rates.expired), "a second", lostText(messages, totals)],
  ];
  if (byId("tiles").children.length === 0) {
    byId("tiles").append(...tiles.map(([name]) => make("div", {}, make("dt", {}, name),
      make("dd", { class: "value" }, make("span"), " ", make("small")), make("dd", { class: "note" }))));
  }
  tiles.forEach(([, value, unit, note], index) => {
    const tile = byId("tiles").children[index];
    say(tile.querySelector(".value span"), value);
    say(tile.querySelector(".value small"), unit);
    say(tile.querySelector(".note"), note);
  });
}

function lostText(messages, totals) {
  const reasons = Object.entries(totals.dropped_by_reason).sort((one, other) => other[1] - one[1]);
  const most = reasons.length > 0 ? `, most as ${reasons[0][0].replaceAll("_", " ")}` : "";
  return `over ten seconds; ${count(messages.dropped + messages.expired)} since the start${most}`;
}

function showTexts(overview, now) {
  const { status: { connections, queue, store, ...status }, totals } = overview;
  say(byId("relay"), status.relay_id ?? "MoltRelay");
  const up = longSpan(status.uptime_seconds);
  say(byId("about"), `MoltRelay ${status.version}, process ${status.process_id}, up for ${up}`);
  const health = store.healthy ? "healthy" : `failing: ${store.reason}`;
  say(byId("queue-text"), `${plural(queue.messages, "message")}, ${bytes(queue.bytes)}; ${store.kind} ${health}`);
  const [errors, slow] = [plural(totals.connection_errors, "error"), plural(totals.slow_consumers, "slow consumer")];
  say(byId("connections-text"), `${count(connections.opened)} opened since the start, ${errors}, ${slow} closed; `
    + `${bytes(overview.outbox_bytes)} to be written`);
  say(byId("foot"), `As of ${now.toLocaleTimeString("en-GB")}. Rates and quantiles are of the last ten seconds, `
    + "charts of single seconds.");
}

async function openWay(row, button, id) {
  const next = row.nextElementSibling;
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) return next.remove();
  const holder = make("td", { colspan: "5" }, make("p", { class: "quiet" }, "Looking for it"));
  row.after(make("tr", {}, holder));
  try {
    const found = (await ask(`ui/messages/${id}`)).messages;
    const nothing = make("p", { class: "quiet" }, "The recorder has forgotten it since.");
    holder.replaceChildren(...(found.length > 0 ? found.map(way) : [nothing]));
  } catch (error) {
    holder.replaceChildren(make("p", { class: "quiet" }, `Not found out: ${error.message}`));
  }
}

function failed(error) {
  if (error instanceof Refused) {
    const wasWrong = sessionStorage.getItem(tokenKey) !== null;
    sessionStorage.removeItem(tokenKey);
    phase("login");
    show(byId("state"), "idle", "Locked");
    byId("banner").hidden = true;
    say(byId("refused"), wasWrong ? "The relay does not take this token." : "");
    return;
  }
  phase("lost");
  if (error instanceof Unreadable) {
    return tell("fail", "Error", `The relay answers, but not with numbers: ${error.message}`, "fail");
  }
  const shown = lastSeen ? " What stands here is what it said last." : "";
  const times = lastSeen
    ? ` since ${lastSeen.toLocaleTimeString("en-GB")}, for ${longSpan((Date.now() - lastSeen) / 1000)}` : "";
  tell("idle", "Not reachable", `The relay cannot be reached${times}.${shown} It is asked again every second.`);
}

begin();
