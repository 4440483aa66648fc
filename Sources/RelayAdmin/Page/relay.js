// What the relay answers, and what becomes of it when it does not.

const keptSeconds = 300;
const tokenKey = "moltrelay-token";

/** The last five minutes, a value a second. */
class History {
  constructor() { this.forget(); }

  forget() {
    this.last = 0;
    this.columns = {};
  }

  get length() { return this.columns.accepted?.length ?? 0; }
  of(key) { return this.columns[key] ?? []; }

  /** A relay that began anew counts its samples from one again. */
  take(history) {
    if (history.last < this.last) return false;
    const fresh = history.accepted.length;
    for (const [key, values] of Object.entries(history)) {
      if (!Array.isArray(values)) continue;
      const missing = history.last - this.last - fresh;
      const gap = this.last > 0 && missing > 0 ? new Array(Math.min(missing, keptSeconds)).fill(null) : [];
      this.columns[key] = [...this.of(key), ...gap, ...values].slice(-keptSeconds);
    }
    this.last = history.last;
    return true;
  }
}

class Refused extends Error {}
class Unreadable extends Error {}

/** Throws Refused without the right token, Unreadable for what is no answer, and what fetch throws. */
async function ask(path) {
  const token = sessionStorage.getItem(tokenKey);
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const options = { headers, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(5000) };
  const answer = await fetch(path, options);
  if (answer.status === 401 || answer.status === 403) throw new Refused(await answer.text());
  if (!answer.ok) throw new Unreadable(`${answer.status} ${(await answer.text()).trim()}`);
  const text = await answer.text();
  try {
    const isLines = path.startsWith("ui/logs");
    return isLines ? text.split("\n").filter(Boolean).map((line) => JSON.parse(line)) : JSON.parse(text);
  } catch {
    throw new Unreadable("what came is not JSON");
  }
}
