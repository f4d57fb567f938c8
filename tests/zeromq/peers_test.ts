import { assertEquals } from "../fixtures/assert.ts";
import { ask, started, test } from "./_tools.ts";
import { bytes, libzmqPath, next, texts } from "../fixtures/libzmq.ts";
import { TempDirectory } from "../fixtures/tools.ts";

/** Heartbeats that notice a silent peer soon, yet not one that is merely slow. */
const HEARTBEATS = { heartbeatInterval: 200, heartbeatTimeout: 2000 };

for (const transport of ["ipc", "tcp"]) {
  const endpointIn = (directory: TempDirectory) =>
    transport === "ipc" ? `ipc://${directory.path}/a` : "tcp://127.0.0.1:*";

  test(`ROUTER with disconnectMessage hears of a killed peer over ${transport}`, async (context) => {
    using directory = new TempDirectory();
    const router = context.socket("ROUTER", { disconnectMessage: bytes("gone") });
    const endpoint = router.bind(endpointIn(directory));
    await using killed = started("_echo.ts", [libzmqPath, endpoint, "killed"]);
    assertEquals(texts(await next(router)), ["killed", "hello"]);
    await using other = started("_echo.ts", [libzmqPath, endpoint, "other"]);
    assertEquals(texts(await next(router)), ["other", "hello"]);

    killed.kill("SIGKILL");
    assertEquals(texts(await next(router)), ["killed", "gone"]);
    assertEquals((await killed.status).signal, "SIGKILL");
    assertEquals(await ask(router, "other", "still here?"), ["other", "still here?"]);
    other.kill("SIGTERM");
    assertEquals(texts(await next(router)), ["other", "gone"]);
  });

  test(`DEALER with hiccupMessage hears of its router's end over ${transport}`, async (context) => {
    using directory = new TempDirectory();
    await using child = started("_router.ts", [libzmqPath, endpointIn(directory)]);
    const dealer = context.socket("DEALER", { hiccupMessage: bytes("lost") });
    const endpoint = await child.line();
    dealer.connect(endpoint);
    assertEquals(await ask(dealer, "hello"), ["hello"]);
    child.kill("SIGKILL");
    assertEquals(texts(await next(dealer)), ["lost"]);
    // Another router at the same place is found without any help.
    await using heir = started("_router.ts", [libzmqPath, endpoint]);
    assertEquals(await heir.line(), endpoint);
    assertEquals(await ask(dealer, "hello again"), ["hello again"]);
  });
}

test("ROUTER with heartbeats hears of a stopped peer, and of its return", async (context) => {
  const router = context.socket("ROUTER", {
    ...HEARTBEATS,
    disconnectMessage: bytes("gone"),
    routerHandover: 1,
  });
  const endpoint = router.bind("tcp://127.0.0.1:*");
  await using child = started("_echo.ts", [libzmqPath, endpoint, "stopped"]);
  assertEquals(texts(await next(router)), ["stopped", "hello"]);
  // Its connection stays open all the time: only its silence tells.
  child.kill("SIGSTOP");
  assertEquals(texts(await next(router)), ["stopped", "gone"]);
  child.kill("SIGCONT");
  assertEquals(texts(await next(router)), ["stopped", "again"]);
  assertEquals(await ask(router, "stopped", "awake?"), ["stopped", "awake?"]);
});

test("DEALER with heartbeats hears of a stopped router, and finds it again", async (context) => {
  await using child = started("_router.ts", [libzmqPath, "tcp://127.0.0.1:*"]);
  const dealer = context.socket("DEALER", {
    ...HEARTBEATS,
    hiccupMessage: bytes("lost"),
  });
  dealer.connect(await child.line());
  assertEquals(await ask(dealer, "hello"), ["hello"]);
  child.kill("SIGSTOP");
  assertEquals(texts(await next(dealer)), ["lost"]);
  child.kill("SIGCONT");
  assertEquals(await ask(dealer, "hello again"), ["hello again"]);
});

test("ROUTER with routerHandover gives an identity to its newest holder", async (context) => {
  const router = context.socket("ROUTER", { routerHandover: 1 });
  const endpoint = router.bind("tcp://127.0.0.1:*");
  const [former, latter] = [0, 1].map(() =>
    context.socket("DEALER", { routingId: bytes("same") })
  );
  for (const dealer of [former!, latter!]) {
    dealer.connect(endpoint);
    dealer.send([bytes("hello")]);
    assertEquals(texts(await next(router)), ["same", "hello"]);
  }
  router.send([bytes("same"), bytes("for the newest")]);
  assertEquals(texts(await next(latter!)), ["for the newest"]);
});
