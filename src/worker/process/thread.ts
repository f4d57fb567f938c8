/**
 * The thread that runs the user's function, as the worker's event loop holds it: a Web
 * Worker, and the memory that both share. It ends with the process.
 *
 * @module
 */

import type { Program } from "../../protocol/run_file.ts";
import { Channel, channelMemory, type Posted } from "../between/channel.ts";
import { HeldResults } from "../between/held_results.ts";
import { PrintWindow } from "../between/print_window.ts";
import { RunningItem } from "../between/running_item.ts";
import type { FromThread, Start, ToThread } from "../between/thread_messages.ts";
import type { WorkerEvent } from "../core/events.ts";
import type { ThreadMemory } from "../core/work.ts";

/** How a thread is made. */
export interface ThreadSettings {
  /** The worker's identity. */
  worker: string;
  /** The machine's name. */
  host: string;
  /** The program that maps. */
  program: Program;
  /** What the thread may do. */
  permissions: Deno.PermissionOptions;
}

/** The thread. */
export class Thread {
  /** The memory in which the event loop sees what it does. */
  readonly memory: ThreadMemory;
  readonly #channel: Channel<ToThread, FromThread>;
  readonly #window: PrintWindow;

  /**
   * @param settings Who it is, and what it may do.
   * @param handle Is told what it says, and that it has ended.
   */
  constructor(
    { worker, host, program, permissions }: ThreadSettings,
    handle: (event: WorkerEvent) => void,
  ) {
    const thread = new Worker(
      new URL("../thread/main.ts", import.meta.url).href,
      { type: "module", name: "job", deno: { permissions } },
    );
    const running = new SharedArrayBuffer(RunningItem.SIZE);
    const held = new SharedArrayBuffer(HeldResults.SIZE);
    const prints = new SharedArrayBuffer(PrintWindow.SIZE);
    this.memory = {
      running: new RunningItem(running),
      results: new HeldResults(held),
    };
    const channel = channelMemory();
    this.#channel = new Channel(
      thread,
      channel,
      "loop",
      (message) => handle({ type: "said", message }),
      undefined,
      () => {
        if (this.memory.results.areLeft) handle({ type: "called" });
      },
    );
    const unreadable = (error: unknown) => {
      const why = `what it said cannot be read: ${(error as Error).message}`;
      handle({ type: "crashed", why });
    };
    this.#channel.listen().catch(unreadable);
    thread.onmessage = ({ data }: MessageEvent<Posted<FromThread>>) => {
      try {
        this.#channel.arrived(data);
      } catch (error) {
        unreadable(error);
      }
    };
    thread.onerror = (event) => {
      event.preventDefault();
      try {
        // What it said last counts.
        this.#channel.poll();
      } catch (error) {
        return unreadable(error);
      }
      handle({ type: "crashed", why: event.message });
    };
    this.#window = new PrintWindow(prints);
    const start: Start = { worker, host, program, channel, running, held, prints };
    thread.postMessage(start);
  }

  /** Tells it something. */
  tell(message: ToThread): void {
    this.#channel.send(message);
  }

  /** Hears what it has said. */
  drain(): void {
    this.#channel.poll();
  }

  /** The host has so many characters more of what was printed. */
  read(length: number): void {
    this.#window.read(length);
  }
}
