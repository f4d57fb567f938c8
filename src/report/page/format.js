/** Numbers and times as people read them, and the ticks of axes. */

export function number(value) {
  return value.toLocaleString("en");
}

export function many(count, one, more = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : more}`;
}

export function percent(part) {
  const value = 100 * part;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

export function ratio(value) {
  return value < 10 ? value.toFixed(1) : number(Math.round(value));
}

/** A number with three digits. */
function digits(value) {
  return value >= 100 ? `${Math.round(value)}` : `${Number(value.toPrecision(3))}`;
}

/** A time in milliseconds. */
export function time(ms) {
  if (ms === 0) return "0 s";
  if (ms < 0.9995) return `${digits(ms * 1000)} µs`;
  if (ms < 999.5) return `${digits(ms)} ms`;
  if (ms < 99_950) return `${digits(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [
    Math.floor(seconds / 3600),
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  const two = (value) => `${value}`.padStart(2, "0");
  return h > 0 ? `${number(h)} h ${two(m)} min` : `${m} min ${two(s)} s`;
}

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  for (; count >= 999.5 && i < units.length - 1; i++) count /= 1000;
  return `${digits(count)} ${units[i]}`;
}

export function short(value) {
  return Intl.NumberFormat("en", { notation: "compact" }).format(value);
}

export function firstLine(text) {
  return text.split("\n", 1)[0];
}

/** Round times from 0 to a time, at equal steps: so many at most. */
export function evenTicks(most, count) {
  const [second, minute, hour] = [1000, 60_000, 3_600_000];
  const steps = [
    ...[15, 30].map((n) => n * second),
    ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
    ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ];
  const raw = most / Math.max(1, Math.min(12, count));
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = raw < 10 * second
    ? [1, 2, 5, 10].map((n) => n * power).find((step) => step >= raw)
    : steps.find((step) => step >= raw) ?? Math.ceil(raw / (24 * hour)) * 24 * hour;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

/** Round times within a range, for a logarithmic scale. */
export function timeTicks(from, to) {
  const ticks = [];
  const fine = to / from < 30;
  const factors = fine
    ? [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]
    : to / from < 1e4
    ? [1, 3]
    : [1];
  for (let power = Math.floor(Math.log10(from)); 10 ** power <= to; power++) {
    for (const factor of factors) {
      const t = factor * 10 ** power;
      if (t >= from && t <= to) ticks.push(t);
    }
  }
  return ticks;
}

export function countTicks(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [0.2, 0.5, 1, 2].map((n) => n * power).find((step) => most / step <= 5);
  const whole = Math.max(1, step);
  return Array.from({ length: Math.floor(most / whole) + 1 }, (_, i) => i * whole);
}
