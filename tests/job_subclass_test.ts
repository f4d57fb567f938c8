import { assert, assertEquals, assertThrows } from "./fixtures/assert.ts";
import * as gridengine from "../mod.ts";
import {
  GridEngineError,
  Job,
  type JobController,
  SerializationError,
} from "../mod.ts";
import { Counter, Doubler } from "./fixtures/jobs.ts";
import { group, instanceOf, test } from "./fixtures/tools.ts";

/** Sums what lies between its fields. */
class Sum extends Job<number> {
  from = 1;
  to = 3;
  seen: number[] = [];

  override run(controller?: JobController): number {
    let sum = 0;
    for (let i = this.from; i <= this.to; i++) {
      this.seen.push(i);
      sum += i;
    }
    controller?.send(`${controller.name}: ${sum}`);
    return sum;
  }
}

/** Does more with what its base class does. */
class SumOfSquares extends Sum {
  power = 2;

  term(i: number): number {
    return i ** this.power;
  }

  override run(controller?: JobController): number {
    super.run(controller);
    return this.seen.reduce((sum, i) => sum + this.term(i), 0);
  }
}

test("run() of a subclass runs here when it is called here", () => {
  const job = new Sum();
  job.to = 4;
  assertEquals(job.run(), 10);
  assertEquals(job.seen, [1, 2, 3, 4]);
  assertEquals([job.isAlive(), job.exitCode], [false, null]);
});

group("Job may be subclassed with run(controller)", (test) => {
  test("super.run() calls the target that the job was given", async (d) => {
    class Logged extends Job<number> {
      override async run(controller?: JobController): Promise<number> {
        const result = await super.run(controller);
        controller?.send(`${this.name} ${this.daemon}: ${result}`);
        return result;
      }
    }
    const scale = 3;
    const target = (x: number, { plus }: { plus: number }) => scale * x + plus;
    const options = { target: target as never, args: [2], kwargs: { plus: 1 } };
    const job = new Logged({ ...options, name: "logged", daemon: true, dispatcher: d });
    assertEquals(await new Logged(options).run(), 7);
    job.start();
    assertEquals(await Array.fromAsync(job.messages), ["logged true: 7"]);
    assertEquals(await job.result, 7);
    const empty = new Logged({ dispatcher: d });
    empty.start();
    const error = await empty.result.catch((error) => error);
    assert(instanceOf(error, Error).message.includes("nothing to run"), error.message);
  });

  test("A subclass runs on the worker with its fields and its controller", async (d) => {
    const job = new Sum({ dispatcher: d, name: "sum" });
    job.to = 4;
    job.start();
    const messages = await Array.fromAsync(job.messages);
    assertEquals(messages, ["sum: 10"]);
    assertEquals([await job.result, job.exitCode], [10, 0]);
    assert(job.pid !== null && job.pid !== Deno.pid);
    // It is not mutable.
    assertEquals(job.seen, []);
  });

  test("A subclass that another module exports runs with its module's state", async (d) => {
    const job = new Counter({ dispatcher: d, name: "counter" });
    job.count = 5;
    job.start();
    assertEquals(await Array.fromAsync(job.messages), ["counter at 7"]);
    assertEquals([await job.result, job.count], [7, 5]);
    const doubler = new Doubler({ dispatcher: d, mutable: true });
    doubler.start();
    assertEquals([await doubler.result, doubler.count], [4, 2]);
  });

  test("A subclass of a subclass runs, with what it inherits", async (d) => {
    const job = new SumOfSquares({ dispatcher: d });
    job.start();
    assertEquals([await job.result, job.exitCode], [14, 0]);
    /** Of a class that travels by reference. */
    class Tripler extends Counter {
      override run(controller?: JobController): number {
        return 3 * super.run(controller);
      }
    }
    const tripler = new Tripler({ dispatcher: d });
    tripler.start();
    assertEquals(await tripler.result, 6);
  });

  test("A subclass may run asynchronously, and be of no name", async (d) => {
    const Anonymous = class extends Job<string> {
      override async run(): Promise<string> {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return this.name;
      }
    };
    const job = new Anonymous({ dispatcher: d, name: "nameless" });
    job.start();
    assertEquals(await job.result, "nameless");
  });

  test("mutable: true copies the fields back when the job has ended", async (d) => {
    const job = new SumOfSquares({ dispatcher: d, mutable: true, name: "squares" });
    job.start();
    assertEquals(job.seen, []);
    assertThrows(() => (job.name = "other"), GridEngineError, "before start()");
    await job.join();
    assertEquals([job.seen, job.power, job.name], [[1, 2, 3], 2, "squares"]);
    assertEquals(await job.result, 14);
  });

  test("A subclass whose run() throws fails as any job", async (d) => {
    class Failing extends Job {
      override run(): never {
        throw new URIError("run failed");
      }
    }
    const job = new Failing({ dispatcher: d });
    job.start();
    const error = instanceOf(await job.result.catch((error) => error), URIError);
    assertEquals([error.message, job.exitCode], ["run failed", 1]);
    assert(error.stack!.includes(import.meta.url), error.stack);
  });

  test("mutable: true copies the fields back though run() threw", async (d) => {
    class Halfway extends Job {
      reached = 0;
      override run(): never {
        this.reached = 2;
        throw new URIError("no further");
      }
    }
    const job = new Halfway({ dispatcher: d, mutable: true });
    job.start();
    const error = instanceOf(await job.result.catch((error) => error), URIError);
    assertEquals([error.message, job.reached, job.exitCode], ["no further", 2, 1]);
    assert(error.stack!.includes(`pid ${job.pid}`), error.stack);
  });

  test("Fields may hold functions, and objects of classes", async (d) => {
    class Step {
      #size: number;
      constructor(size: number) {
        this.#size = size;
      }
      from(x: number): number {
        return x + this.#size;
      }
    }
    class Holding extends Sum {
      held = [new Step(2), { callback: (x: number) => x * 10 }] as const;
      override run(): number {
        return this.held[1].callback(this.held[0].from(1));
      }
    }
    const job = new Holding({ dispatcher: d });
    job.start();
    assertEquals(await job.result, 30);
  });

  test("A subclass may have #private fields, of the names that Job has, too", async (d) => {
    class Secret extends Job<string> {
      #name = "mine";
      #count = 1;
      get count(): number {
        return this.#count;
      }
      override run(): string {
        this.#count++;
        return `${this.name}, ${this.#name}, ${this.count}`;
      }
    }
    const job = new Secret({ dispatcher: d, name: "secret" });
    job.start();
    assertEquals(await job.result, "secret, mine, 2");
  });

  test("A field that cannot be written back fails the job with that error", async (d) => {
    /** Goes on when it is told to. */
    class Waiting extends Job<number> {
      first = 1;
      override async run(controller?: JobController): Promise<number> {
        controller!.send("running");
        for await (const _ of controller!.messages) break;
        Object.defineProperty(this, "first", { value: 2, enumerable: true });
        return 3;
      }
    }
    class Throwing extends Waiting {
      override async run(controller?: JobController): Promise<number> {
        await super.run(controller);
        throw new RangeError("no further");
      }
    }
    const accessor = (job: Waiting, set?: (value: number) => void) =>
      Object.defineProperty(job, "first", { get: () => 1, ...(set && { set }) });
    const cases: [Waiting, (job: Waiting) => void, new () => Error, string][] = [
      [new Waiting({ mutable: true }), Object.freeze, TypeError, "first"],
      [
        new Waiting({ mutable: true }),
        (job) => Object.defineProperty(job, "first", { writable: false }),
        TypeError,
        "first",
      ],
      [new Waiting({ mutable: true }), (job) => accessor(job), TypeError, "first"],
      [
        new Waiting({ mutable: true }),
        (job) =>
          accessor(job, () => {
            throw new URIError("never");
          }),
        URIError,
        "never",
      ],
      // What the function itself threw goes before it.
      [new Throwing({ mutable: true }), Object.freeze, RangeError, "no further"],
    ];
    for (const [job, spoil, type, message] of cases) {
      job.start(d);
      for await (const _ of job.messages) break;
      spoil(job);
      job.send("go on");
      const failed = job.result.catch((error) => error);
      await job.join(20_000);
      const error = instanceOf(await failed, type);
      assert(error.message.includes(message), error.message);
      assertEquals([job.exitCode, job.first], [1, 1]);
    }
    assertEquals(await d.map((x: number) => x + 1, [1]), [2]);
  });

  test("mutable: true leaves functions that did not change where they are", async (d) => {
    class Stepping extends Job<void> {
      position = 0;
      step = (x: number) => x + 2;
      override run(): void {
        this.position = this.step(this.position);
      }
    }
    const job = new Stepping({ dispatcher: d, mutable: true });
    const { step } = job;
    job.start();
    await job.result;
    assertEquals([job.position, job.step === step], [2, true]);
  });

  test("Fields that cannot travel fail the job, with their path", async (d) => {
    class Holding extends Sum {
      held: unknown[] = [1, { lock: Promise.resolve() }];
    }
    const job = new Holding({ dispatcher: d, name: "holding" });
    job.start();
    const error = instanceOf(
      await job.result.catch((error: unknown) => error),
      SerializationError,
    );
    const why = "holding → this.held[1].lock: a Promise cannot be sent to a worker";
    assert(error.message.startsWith(why), error.message);
    assertEquals(job.exitCode, 1);
  });

  test("A result and fields that cannot travel back fail the job", async (d) => {
    class Returning extends Job<unknown> {
      field: unknown = 1;
      override run(): unknown {
        if (this.field === 2) this.field = () => 2;
        return this.field === 1 ? [() => 1] : 2;
      }
    }
    const job = new Returning({ dispatcher: d });
    job.start();
    const error = await job.result.catch((error) => error);
    assert(instanceOf(error, SerializationError).message.includes("[0] is a function"));
    const mutable = new Returning({ dispatcher: d, mutable: true });
    mutable.field = 2;
    mutable.start();
    const other = await mutable.result.catch((error) => error);
    assert(
      instanceOf(other, SerializationError).message.includes("field is a function"),
    );
    assertEquals(mutable.exitCode, 1);
  });

  test("A subclass may extend what an expression gives", async (d) => {
    const loud = (Base: typeof gridengine.Job<string>) =>
      class extends Base {
        shout(text: string): string {
          return text.toUpperCase();
        }
      };
    class Odd extends loud(gridengine.Job) {
      override run(): string {
        return this.shout(this.name);
      }
    }
    const job = new Odd({ dispatcher: d, name: "odd" });
    job.start();
    assertEquals(await job.result, "ODD");
  });
});
