/**
 * The progress of a run, as data and as text.
 *
 * @module
 */

/** The progress of a map. */
export interface Progress {
  /** The name of the map. */
  name: string;
  /** How many items have a result. */
  done: number;
  /** How many items have failed for good. */
  failed: number;
  /** How many items there are; `undefined` until their source is read to its end. */
  total: number | undefined;
  /** How long the map has been running, in milliseconds. */
  elapsed: number;
  /** Items done or failed per second, since the first worker began to work. */
  rate: number;
  /** How much longer it takes at that rate, in milliseconds, once that is known. */
  remaining: number | undefined;
  /** The workers of its dispatcher. */
  workers: {
    /** At work. */
    running: number;
    /** Ready, with nothing to do. */
    idle: number;
    /** Started, but not ready yet. */
    starting: number;
    /** Requested, and waiting in the queue. */
    pending: number;
  };
  /** How long the first pending worker has been waiting, in milliseconds. */
  queued: number;
  /**
   * Why they are not in the queue yet, in the cluster's words, while it takes no jobs; the
   * submission is tried again.
   */
  delay?: string | undefined;
  /** Whether this is the last report: the map has ended, well or not. */
  ended: boolean;
}

/** `true` draws a line on a terminal; a callback gets the same as data. */
export type ProgressOption = boolean | ((progress: Progress) => void);

/** How wide the bar is, in columns, if there is room for it. */
const BAR = 20;
/** How many columns a line must have for a bar. */
const ROOM_FOR_BAR = 80;
/** The longest name that is shown in full, in characters. */
const NAME = 24;

/** A line for a terminal of so many columns. */
export function progressLine(progress: Progress, columns: number): string {
  const { name, total, done, failed } = progress;
  const bar = total !== undefined && columns >= ROOM_FOR_BAR
    ? [barOf((done + failed) / total)]
    : [];
  const line = [short(name), ...bar, parts(progress).join(", ")].join(" ");
  // The last column stays empty: a terminal may begin a new line there.
  return line.slice(0, Math.max(1, columns - 1));
}

/** A line for a file. */
export function progressText(progress: Progress): string {
  return `${short(progress.name)}: ${parts(progress).join(", ")}`;
}

function parts(progress: Progress): string[] {
  const { done, failed, total, rate, remaining, elapsed, ended } = progress;
  const settled = done + failed;
  const share = total ? ` (${Math.floor(100 * settled / total)}%)` : "";
  return [
    total === undefined ? `${settled} done` : `${settled}/${total}${share}`,
    ...(rate > 0 ? [rateOf(rate)] : []),
    ...(ended ? [`took ${timeOf(elapsed)}`] : []),
    ...(!ended && remaining !== undefined ? [`${timeOf(remaining)} left`] : []),
    ...(ended ? [] : workersOf(progress)),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
}

function workersOf({ workers, queued, delay }: Progress): string[] {
  const { running, idle, starting, pending } = workers;
  return [
    `${running} running`,
    ...(idle > 0 ? [`${idle} idle`] : []),
    ...(starting > 0 ? [`${starting} starting`] : []),
    ...(pending > 0 ? [`${pending} pending for ${timeOf(queued)}`] : []),
    ...(delay === undefined ? [] : [delay.replace(/\s+/g, " ")]),
  ];
}

function short(name: string): string {
  const line = name.replace(/\s+/g, " ");
  return line.length > NAME ? `${line.slice(0, NAME - 1)}…` : line;
}

function barOf(share: number): string {
  const full = Math.floor(BAR * share);
  return "━".repeat(full) + "─".repeat(BAR - full);
}

function rateOf(rate: number): string {
  if (rate >= 1) return `${rate.toFixed(rate < 10 ? 1 : 0)}/s`;
  return rate * 60 >= 1
    ? `${(rate * 60).toFixed(1)}/min`
    : `${(rate * 3600).toFixed(1)}/h`;
}

/** Such as 1:05 or 2:00:00. */
function timeOf(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
