/**
 * How far a run has come, as data and as what people read.
 *
 * @module
 */

/** How far a map has come. */
export interface Progress {
  /** What the map is called. */
  name: string;
  /** How many items have a result. */
  done: number;
  /** How many items have failed for good. */
  failed: number;
  /** How many items there are; `undefined` until their source was read to its end. */
  total: number | undefined;
  /** How long it has been going on, in milliseconds. */
  elapsed: number;
  /** Items done or failed in a second, since the first worker was at work. */
  rate: number;
  /** How much longer it takes at that rate, in milliseconds, as soon as that is known. */
  remaining: number | undefined;
  /** The workers of its dispatcher. */
  workers: {
    /** At work. */
    running: number;
    /** There, with nothing to do. */
    idle: number;
    /** Started, and not yet heard of. */
    starting: number;
    /** Asked for, and waiting in the queue. */
    pending: number;
  };
  /** How long the first of those that are pending has been so, in milliseconds. */
  queued: number;
  /**
   * Why they are not even in the queue, in the cluster's words, as long as it takes no job;
   * they are tried again.
   */
  delay?: string | undefined;
  /** Whether this is the last word: the map has ended, well or not. */
  ended: boolean;
}

/** `true` draws a line on a terminal; a callback gets the same as data. */
export type ProgressOption = boolean | ((progress: Progress) => void);

/** How wide the bar is, in columns, where there is room for it. */
const BAR = 20;
/** How many columns a line must have for a bar. */
const ROOM_FOR_BAR = 80;
/** The longest name. */
const NAME = 24;

/** A line for a terminal of so many columns. */
export function progressLine(progress: Progress, columns: number): string {
  const { name, total, done, failed } = progress;
  const bar = total !== undefined && columns >= ROOM_FOR_BAR
    ? [barOf((done + failed) / total)]
    : [];
  const line = [short(name), ...bar, parts(progress).join(", ")].join(" ");
  // Not up to the last column, where a terminal may begin a new line.
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
