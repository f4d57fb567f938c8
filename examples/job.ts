/**
 * A job has the interface of Python's `threading.Thread` and `multiprocessing.Process`.
 * You can start it, exchange messages with it while it runs, terminate it, join it, and
 * read its exit code.
 */

import { Job, type JobController, ProcessScheduler, TimeoutError } from "@x/gridengine";

// A function as a job.
const sum = new Job({
  target: (from: number, to: number) => {
    let total = 0;
    for (let i = from; i <= to; i++) total += i;
    return total;
  },
  args: [1, 1000],
  name: "sum",
  scheduler: ProcessScheduler,
});
sum.start();
await sum.join();
console.log(`${sum.name}: ${await sum.result}, exit code ${sum.exitCode}`);

/** Adds up the numbers that it receives, and answers each with the total so far. */
class Accountant extends Job<number> {
  total = 0;

  override async run(job: JobController): Promise<number> {
    for await (const message of job.messages) {
      if (message === "that is all") break;
      this.total += Number(message);
      job.send(this.total);
    }
    return this.total;
  }
}

// Messages both ways.
const accountant = new Accountant({ name: "accountant", scheduler: ProcessScheduler });
accountant.start();
for (const amount of [5, 20, 17]) accountant.send(amount);
accountant.send("that is all");
for await (const total of accountant.messages) {
  console.log(`accountant: ${total} so far`);
}
console.log(`accountant: ${await accountant.result} in all`);

// A job that takes too long.
const endless = new Job({
  target: () => {
    for (;;);
  },
  name: "endless",
  scheduler: ProcessScheduler,
});
endless.start();
try {
  await endless.join(500);
} catch (error) {
  if (!(error instanceof TimeoutError)) throw error;
  console.log(`endless: ${error.message}`);
}
endless.terminate(100); // The job has 100 ms to end by itself.
await endless.join();
console.log(`endless: exit code ${endless.exitCode}`);
