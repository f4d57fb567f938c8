import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "./fixtures/assert.ts";
import {
  bestAvailable,
  JobDispatcher,
  map,
  ProcessScheduler,
  type Scheduler,
  SchedulerError,
  settings,
} from "../mod.ts";
import { runProgram, TempDirectory, test } from "./fixtures/tools.ts";

const identity = (x: number) => x;
const PROGRAM = "tests/fixtures/programs.ts";

/** Changes settings to the end of a block. */
function withSettings(changed: Partial<typeof settings>): Disposable {
  const before = { ...settings };
  Object.assign(settings, changed);
  return { [Symbol.dispose]: () => Object.assign(settings, before) };
}

test("Settings come from environment variables", async () => {
  const { stdout, code } = await runProgram(PROGRAM, ["settings"], {
    GRIDENGINE_WORKERS: "3",
    GRIDENGINE_DEFAULT_RESOURCES: "h_rt=3600,mem_free=2G",
    GRIDENGINE_TEMP_DIRECTORY: "/tmp/ge",
    GRIDENGINE_LIBZMQ: "/lib/libzmq.so",
    GRIDENGINE_INTERFACE: "10.0.0.1",
    GRIDENGINE_PORTS: "40000-40100",
    GRIDENGINE_HEARTBEAT_INTERVAL: "500",
    GRIDENGINE_RECONNECT_GRACE: "700",
    GRIDENGINE_START_TIMEOUT: "9000",
    GRIDENGINE_LOAD_TIMEOUT: "8000",
    GRIDENGINE_VALUE_MODULES: "./model.ts,./tools.ts",
    GRIDENGINE_LOG_LEVEL: "silent",
  });
  assertEquals(code, 0);
  assertEquals(JSON.parse(stdout), {
    workers: 3,
    defaultResources: { h_rt: "3600", mem_free: "2G" },
    tempDirectory: "/tmp/ge",
    libzmq: "/lib/libzmq.so",
    interface: "10.0.0.1",
    ports: "40000-40100",
    heartbeatInterval: 500,
    reconnectGrace: 700,
    startTimeout: 9000,
    loadTimeout: 8000,
    valueModules: ["./model.ts", "./tools.ts"],
    logLevel: "silent",
  });
});

test("In a batch job there are as many workers as it has slots, and processors", async () => {
  const all = navigator.hardwareConcurrency;
  const workersWith = async (env: Record<string, string>) => {
    const { stdout } = await runProgram(PROGRAM, ["settings"], env);
    return JSON.parse(stdout).workers;
  };
  const variables = [
    "NSLOTS",
    "SLURM_CPUS_PER_TASK",
    "SLURM_CPUS_ON_NODE",
    "PBS_NP",
    "NCPUS",
    "LSB_DJOB_NUMPROC",
  ];
  for (const name of variables) {
    assertEquals(await workersWith({ [name]: "1" }), 1, name);
  }
  assertEquals(await workersWith({ NSLOTS: "100000" }), all);
  assertEquals(await workersWith({ NSLOTS: "undefined" }), all);
  assertEquals(await workersWith({ NSLOTS: "1", GRIDENGINE_WORKERS: "3" }), 3);
});

test("Settings name the variable that makes no sense", async () => {
  const wrong = { GRIDENGINE_WORKERS: "many", GRIDENGINE_LOG_LEVEL: "loud" };
  for (const [name, value] of Object.entries(wrong)) {
    const { stderr, code } = await runProgram(PROGRAM, ["settings"], { [name]: value });
    assertEquals(code, 1);
    assert(stderr.includes(`RangeError: ${name} is "${value}"`), stderr);
  }
});

test("Settings refuse what there is not, and values that make no sense", () => {
  const before = { ...settings };
  const refused: [string, unknown, string][] = [
    ["worker", 3, "Cannot add property worker"],
    ["workers", "a", 'settings.workers is "a": a whole number from 1 is expected'],
    ["workers", undefined, "settings.workers is undefined"],
    ["heartbeatInterval", "1s", 'settings.heartbeatInterval is "1s": milliseconds'],
    ["logLevel", "verbose", '"verbose": "debug", "info" or "silent" is expected'],
    ["defaultResources", "h_rt=3", "an object such as { h_rt: 3600 } is expected"],
    ["ports", 4000, "settings.ports is 4000: a port or a range"],
    ["valueModules", "./a.ts", 'settings.valueModules is "./a.ts": a list such as'],
    ["valueModules", ["a.ts"], 'settings.valueModules has "a.ts": a list such as'],
    ["valueModules", [new URL("file:///a.ts")], "settings.valueModules has a URL"],
  ];
  for (const [name, value, text] of refused) {
    assertThrows(() => Object.assign(settings, { [name]: value }), Error, text);
  }
  assertEquals({ ...settings }, before);
});

test("settings.workers is how many processes a ProcessScheduler starts", async () => {
  using _changed = withSettings({ workers: 1 });
  assertEquals(new ProcessScheduler().workers, 1);
  assertEquals(new ProcessScheduler({ workers: 4 }).workers, 4);
  await using dispatcher = new JobDispatcher();
  assertEquals(await dispatcher.map(identity, [1, 2, 3]), [1, 2, 3]);
  assertEquals(dispatcher.stats().workersRequested, 1);
});

test("settings.tempDirectory holds the run's files, and nothing at the end", async () => {
  using directory = new TempDirectory();
  using _changed = withSettings({
    tempDirectory: `${directory.path}/runs`,
    workers: 1,
  });
  const during = await map(
    (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name),
    [`${directory.path}/runs`],
  );
  assertEquals(during[0]!.length, 1);
  assertEquals([...Deno.readDirSync(`${directory.path}/runs`)], []);
});

test("bestAvailable() gives local processes, and says so at log level debug", async () => {
  await using scheduler = await bestAvailable();
  assert(scheduler instanceof ProcessScheduler);
  assertEquals(scheduler.workers, settings.workers);
  const program = [PROGRAM, ["best"]] as const;
  const run = (GRIDENGINE_LOG_LEVEL: string) =>
    runProgram(program[0], [...program[1]], { GRIDENGINE_LOG_LEVEL });
  const [debug, info] = [await run("debug"), await run("info")];
  assertEquals([debug.stdout, info.stdout], ["[ 1, 4 ]\n", "[ 1, 4 ]\n"]);
  assert(/^gridengine: using \d+ local processes/m.test(debug.stderr), debug.stderr);
  assertEquals(info.stderr, "");
});

test("map() takes a scheduler, its class, and a function that gives one", async () => {
  class One extends ProcessScheduler {
    static made: One[] = [];
    closed = false;
    constructor() {
      super({ workers: 1 });
      One.made.push(this);
    }
    override close(): Promise<void> {
      this.closed = true;
      return super.close();
    }
  }
  await using instance = new One();
  const items = [1, 2];
  assertEquals(await map(identity, items, { scheduler: instance }), items);
  assertEquals(await map(identity, items, { scheduler: instance }), items);
  assertEquals(await map(identity, items, { scheduler: One }), items);
  assertEquals(await map(identity, items, { scheduler: () => new One() }), items);
  const later = () => Promise.resolve<Scheduler>(new One());
  assertEquals(await map(identity, items, { scheduler: later }), items);
  // What the library made it closes; what it was given it does not.
  assertEquals(One.made.map(({ closed }) => closed), [false, true, true, true]);
});

test("map() throws what the function threw that should give a scheduler", async () => {
  const scheduler = () => Promise.reject(new SchedulerError("no cluster today"));
  const run = () => map(identity, [1], { scheduler });
  await assertRejects(run, SchedulerError, "no cluster today");
});

test("map() refuses what is no scheduler, and does not wait for it", async () => {
  for (const scheduler of ["sge", {}, { ...new ProcessScheduler(), workers: 0 }]) {
    const run = () => map(identity, [1], { scheduler: scheduler as Scheduler });
    await assertRejects(run, TypeError, "This is not a scheduler");
  }
});

test("A program that exits before a worker is there leaves nothing", async () => {
  using directory = new TempDirectory();
  const { stdout, code } = await runProgram(PROGRAM, ["exits"], {
    GRIDENGINE_TEMP_DIRECTORY: directory.path,
  });
  assertEquals([stdout, code], ["1\n", 3]);
  assertEquals([...Deno.readDirSync(directory.path)], []);
});
