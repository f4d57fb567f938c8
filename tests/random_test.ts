import { assertEquals, assertRejects, assertThrows } from "./fixtures/assert.ts";
import { currentJob, Job, JobDispatcher, ProcessScheduler } from "../mod.ts";
import { randomNumbers, seedOf } from "../src/common/random.ts";
import { group, test } from "./fixtures/tools.ts";

const draw = () => {
  const { random, seed } = currentJob()!;
  return [seed, random(), random(), random()];
};

group("Random numbers", (test) => {
  const items = Array(50).fill(0);

  test("Depend on the run's seed and the item's index only", async (dispatcher) => {
    const one = await dispatcher.map(draw, items, { seed: 42 });
    const other = await dispatcher.map(draw, items, { seed: 42, chunkSize: 7 });
    assertEquals(one, other);
    assertEquals(new Set(one.flat()).size, 4 * 50);
    const random = randomNumbers(seedOf(42, 3));
    assertEquals(one[3], [seedOf(42, 3), random(), random(), random()]);
  });

  test("Are the same however many workers there are", async (dispatcher) => {
    await using alone = new JobDispatcher({
      scheduler: () => new ProcessScheduler({ workers: 1 }),
    });
    const two = await dispatcher.map(draw, items, { seed: 7 });
    assertEquals(await alone.map(draw, items, { seed: 7 }), two);
  });

  test("Are others for another seed, and for none each time", async (dispatcher) => {
    const runs = [{ seed: 1 }, { seed: 2 }, {}, {}].map((options) =>
      dispatcher.map(draw, [0], options)
    );
    const firsts = (await Promise.all(runs)).map(([item]) => item![1]);
    assertEquals(new Set(firsts).size, 4);
  });

  test("Begin anew when an item is tried again", async (dispatcher) => {
    const f = () => {
      const { random, attempt } = currentJob()!;
      const x = random();
      if (attempt === 1) throw new Error(`${x}`);
      return x;
    };
    const [once] = await dispatcher.map(f, [0], { seed: 5, reraise: false });
    const [twice] = await dispatcher.map(f, [0], { seed: 5, retryErrors: 1 });
    assertEquals((once as Error).message, `${twice}`);
  });

  test("Of a Job come from its seed", async (dispatcher) => {
    const job = new Job({ target: draw, seed: 42, dispatcher });
    job.start();
    assertEquals(await job.result, (await dispatcher.map(draw, [0], { seed: 42 }))[0]);
  });

  test("Need a seed that is a whole number", async (dispatcher) => {
    for (const seed of [-1, 0.5, 2 ** 53, NaN]) {
      await assertRejects(
        () => dispatcher.map(draw, [0], { seed }),
        RangeError,
        `seed is ${seed}: a whole number from 0 is expected`,
      );
      assertThrows(() => new Job({ target: draw, seed }), RangeError, "seed is");
    }
  });
});

test("Outside of a job there is no seed", () => assertEquals(currentJob(), undefined));
