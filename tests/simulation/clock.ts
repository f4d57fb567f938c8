/**
 * Time that passes only from one thing that happens to the next.
 *
 * @module
 */

interface Appointment {
  time: number;
  /** What was made first comes first among those of one time. */
  order: number;
  action: () => void;
}

/** Virtual time in milliseconds: a binary heap of what is to happen. */
export class Clock {
  /** The time. */
  now = 0;
  readonly #heap: Appointment[] = [];
  #order = 0;

  /** Has something happen after a time. It cannot be called off: it must look around. */
  after(delay: number, action: () => void): void {
    const heap = this.#heap;
    const added = { time: this.now + delay, order: this.#order++, action };
    let at = heap.push(added) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(added, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = added;
  }

  /** Lets the next thing happen. */
  step(): void {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        const right = heap[child + 1];
        if (right && before(right, heap[child]!)) child++;
        if (!before(heap[child]!, last)) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = last;
    }
    this.now = first.time;
    first.action();
  }
}

function before(a: Appointment, b: Appointment): boolean {
  return a.time < b.time || a.time === b.time && a.order < b.order;
}
