/**
 * Objects whose class says what they are made from, and objects that nobody could make
 * again.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "./fixtures/assert.ts";
import { currentJob, Job, pack, SerializationError, unpack } from "../mod.ts";
import { group, instanceOf } from "./fixtures/tools.ts";

class Account {
  #balance: number;
  constructor(balance: number) {
    this.#balance = balance;
  }
  get balance() {
    return this.#balance;
  }
  add(amount: number) {
    return new Account(this.#balance + amount);
  }
  [pack](): unknown {
    return this.#balance;
  }
  static [unpack](balance: unknown) {
    if (typeof balance !== "number") throw new RangeError("no number");
    return new this(balance);
  }
}
class Savings extends Account {
  rate = 2;
}
/** One whose data holds others. */
class Bank {
  #accounts: Map<string, Account>;
  constructor(accounts: Map<string, Account>) {
    this.#accounts = accounts;
  }
  get(name: string) {
    return this.#accounts.get(name)!;
  }
  [pack](): unknown {
    return { accounts: this.#accounts, at: new Place("here") };
  }
  static [unpack]({ accounts, at }: { accounts: Map<string, Account>; at: Place }) {
    if (at.where !== "at here") throw new Error("The place is not whole");
    for (const account of accounts.values()) account.add(1);
    return new this(accounts);
  }
}
class Place {
  constructor(readonly name: string) {}
  get where() {
    return `at ${this.name}`;
  }
}
class Hidden {
  #x = 1;
  y = 2;
  get x() {
    return this.#x;
  }
}
class Refused extends Error {
  #code: number;
  constructor(message: string, code: number) {
    super(message);
    this.#code = code;
  }
  get code() {
    return this.#code;
  }
  [pack]() {
    return [this.message, this.#code];
  }
  static [unpack]([message, code]: [string, number]) {
    return new this(message, code);
  }
}
/** What a map is refused with. */
const refusalOf = async (run: Promise<unknown>) =>
  instanceOf(await run.catch((error) => error), SerializationError);

group("objects that pack themselves", (test) => {
  test("Items and results with #private fields are of their class", async (d) => {
    const accounts = await d.map((x: number) => new Account(x), [1, 2]);
    assertEquals(accounts.map((one) => one.add(1).balance), [2, 3]);
    assertEquals(await d.map((one) => one.add(10).balance, accounts), [11, 12]);
  });

  test("Subclasses and what they hold come back as what they are", async (d) => {
    const make = (x: number) => {
      const account = new Savings(x);
      return { all: [account, account], bank: new Bank(new Map([["a", account]])) };
    };
    const look = ({ all: [a, b], bank }: ReturnType<typeof make>) => [
      a instanceof Savings && a === b && bank.get("a") === a,
      a!.add(1).balance,
    ];
    const made = await d.map(make, [4]);
    assertEquals(look(made[0]!), [true, 5]);
    assertEquals(await d.map(look, [...made, make(5)]), [[true, 5], [true, 6]]);
  });

  test("Captured objects travel by it, too, also those of their class", async (d) => {
    class Counted extends Account {
      static readonly none = new Counted(0);
    }
    const one = new Counted(3);
    const bank = new Bank(new Map([["a", one]]));
    const f = (x: number) => [
      one.add(x).balance,
      bank.get("a") === one && one instanceof Counted,
      Counted.none.balance,
    ];
    assertEquals(await d.map(f, [1]), [[4, true, 0]]);
  });

  test("Messages, fields, arguments and results of jobs travel by it", async (d) => {
    class Walk extends Job<Account> {
      last = new Account(1);
      override run() {
        currentJob()!.send(this.last.add(1));
        this.last = this.last.add(2);
        return this.last.add(1);
      }
    }
    const walk = new Walk({ mutable: true });
    walk.start(d);
    const [message] = await Array.fromAsync(walk.messages);
    const { balance } = instanceOf(message, Account);
    assertEquals([(await walk.result).balance, walk.last.balance, balance], [4, 3, 2]);
    const job = new Job({
      target: (one: Account) => one.add(1),
      args: [new Account(1)],
    });
    job.start(d);
    assertEquals((await job.result).balance, 2);
  });

  test("Errors travel by it when they are thrown, in fields and as causes", async (d) => {
    const f = (x: number): number => {
      const cause = new Refused("cause", x + 1);
      throw Object.assign(new Error("why", { cause }), { of: new Account(x) });
    };
    const error = await d.map(f, [7]).catch((error) => error);
    assertEquals([instanceOf(error.cause, Refused).code, error.of.balance], [8, 7]);
    const g = (x: number): number => {
      throw new Refused("no", x);
    };
    const refused = instanceOf(await d.map(g, [7]).catch((e) => e), Refused);
    assertEquals([refused.message, refused.code], ["no", 7]);
    assertStringIncludes(refused.stack!, "pack_test.ts");
    assertStringIncludes(refused.stack!, "at g[0] (worker");
  });

  test("Only the item fails whose class cannot make its object", async (d) => {
    class Odd extends Account {
      override [pack](): unknown {
        return this.balance % 2 ? this.balance : "even";
      }
    }
    const back = await d.map((x: number) => new Odd(x), [1, 2, 3], { reraise: false });
    const balances = [back[0], back[2]].map((one) => instanceOf(one, Odd).balance);
    assertEquals(balances, [1, 3]);
    const failed = instanceOf(back[1] as unknown, SerializationError);
    assertStringIncludes(failed.message, "[1]: result could not be made");
    assertStringIncludes(failed.message, "static method [unpack] of class Odd threw");
    assertEquals(instanceOf(failed.cause, RangeError).message, "no number");
    const items = [1, 2, 3].map((x) => ({ in: [new Odd(x)] }));
    const there = await d.map((item) => item.in[0]!.balance, items, { reraise: false });
    assertEquals([there[0], there[2]], [1, 3]);
    assertStringIncludes(`${there[1]}`, "args[1].in[0] could not be made");
  });

  test("What cannot be packed is refused by its path", async (d) => {
    class Thrower extends Account {
      override [pack](): unknown {
        throw new RangeError("not now");
      }
    }
    class Lone {
      [pack]() {
        return 1;
      }
    }
    class Circle {
      held: unknown = [this];
      [pack]() {
        return { held: this.held };
      }
      static [unpack]() {
        return new this();
      }
    }
    const make: Record<string, () => unknown> = {
      thrower: () => ({ a: [new Thrower(1)] }),
      lone: () => new Map([["k", new Lone()]]),
      circle: () => [new Circle()],
      bank: () => ({ b: new Bank(new Map([["x", new Thrower(1)]])) }),
    };
    const expected: Record<string, string> = {
      thrower:
        ".a[0] is a Thrower, which cannot be sent to WHOM: the method [pack] of " +
        "class Thrower threw RangeError: not now",
      lone:
        '.get("k") is a Lone, which cannot be sent to WHOM: class Lone has a method ' +
        "[pack], but no static method [unpack]",
      circle: "[0] is a Circle, which cannot be sent to WHOM: what its method [pack] " +
        "returns holds the object itself",
      bank: '.b[pack]().accounts.get("x") is a Thrower, which cannot be sent to WHOM',
    };
    for (const key of Object.keys(make)) {
      const text = expected[key]!;
      const result = await refusalOf(d.map((key: string) => make[key]!(), [key]));
      const back = `result${text.replace("WHOM", "the host")}`;
      assertStringIncludes(result.message, back);
      const item = await refusalOf(d.map((x: unknown) => typeof x, [make[key]!()]));
      const there = `args[0]${text.replace("WHOM", "a worker")}`;
      assertStringIncludes(item.message, there);
      const captured = make[key]!();
      const error = await refusalOf(d.map(() => captured, [1]));
      const what = text.slice(0, text.indexOf(", which")).split(" is a ")[0]!;
      assertStringIncludes(error.message, `captured${what}`);
    }
  });
});

group("objects that nobody could make again", (test) => {
  test("[unpack] that returns nothing is told of", async (d) => {
    class Forgetful {
      [pack]() {
        return 1;
      }
      static [unpack](_: number) {}
    }
    const items = [new Forgetful()];
    const error = await d.map((x) => typeof x, items).catch((error) => error);
    const { message } = instanceOf(error, SerializationError);
    assertStringIncludes(
      message,
      "the static method [unpack] of class Forgetful threw",
    );
    assertStringIncludes(message, "it must return the object");
  });

  test("Results with #private fields are refused by path and remedy", async (d) => {
    const error = await refusalOf(d.map(() => ({ a: [new Hidden()] }), [1]));
    assertStringIncludes(error.message, "result.a[0] is a Hidden, whose class has");
    assertStringIncludes(error.message, "[pack] and static [unpack]");
    class Hiding extends Array<number> {
      #x = 1;
      get x() {
        return this.#x;
      }
    }
    const list = new Hiding();
    const all = await d.map((item) => item.x, [{ x: 1 }, list, { x: 3 }], {
      reraise: false,
    });
    assertEquals([all[0], all[2]], [1, 3]);
    assertStringIncludes(`${all[1]}`, "args[1] is a Hiding, whose class has #private");
  });

  test("Items, arguments and messages keep their #private fields", async (d) => {
    class Account {
      #balance: number;
      #log: unknown[] = [];
      name = "account";
      constructor(balance: number) {
        this.#balance = balance;
      }
      get balance() {
        return this.#balance;
      }
      get log() {
        return this.#log;
      }
      pay(x: number) {
        return this.#balance -= x;
      }
      note(...entries: unknown[]) {
        this.#log.push(...entries);
        return this;
      }
    }
    class Gold extends Account {
      #rate = 2;
      constructor(balance: number) {
        super(balance);
        Object.freeze(this);
      }
      get total() {
        return this.#rate * this.balance;
      }
    }
    const look = (one: Account & { total?: number }) => [
      one.constructor.name,
      one.pay(1),
      one.total,
      Object.keys(one),
      Object.isFrozen(one),
    ];
    const one = new Account(9);
    assertEquals(await d.map(look, [one, one, new Gold(3), one]), [
      ["Account", 8, undefined, ["name"], false],
      ["Account", 8, undefined, ["name"], false],
      ["Gold", 2, 4, ["name"], true],
      ["Account", 8, undefined, ["name"], false],
    ]);
    assertEquals(one.balance, 9);
    const inner = new Account(5);
    inner.note(inner, (x: number) => x + inner.balance, new Map([[1, new Gold(7)]]));
    const deep = (all: { a: Account; b: Account[] }) => {
      const [self, f, map] = all.a.log as [
        Account,
        (x: number) => number,
        Map<1, Gold>,
      ];
      return [self === all.a, all.b[0] === self, f(1), map.get(1)!.total];
    };
    assertEquals(await d.map(deep, [{ a: inner, b: [inner] }]), [[true, true, 6, 14]]);
    const target = async (account: Account) => {
      for await (const value of currentJob()!.messages) {
        return [account.balance, (value as Account).balance];
      }
      return [];
    };
    const job = new Job({ target, args: [one], dispatcher: d });
    job.start();
    job.send(new Account(1));
    assertEquals(await job.result, [9, 1]);
  });

  test("Messages and fields with such objects are refused", async (d) => {
    class Walk extends Job<number> {
      last?: Hidden;
      constructor(readonly where: string) {
        super({ mutable: where === "field" });
      }
      override run() {
        if (this.where === "field") this.last = new Hidden();
        else currentJob()!.send([new Hidden()]);
        return 1;
      }
    }
    for (const [where, path] of [["field", "this.last"], ["message", "message[0]"]]) {
      const job = new Walk(where!);
      job.start(d);
      const error = await refusalOf(job.result);
      assertStringIncludes(error.message, `${path} is a Hidden, whose class has`);
    }
  });

  test("Results of a class that only the worker has are refused", async (d) => {
    const f = (x: number) => {
      class Inner {
        x = x;
      }
      return x === 1 ? [new Inner()] : x;
    };
    const all = await d.map(f, [0, 1, 2], { reraise: false });
    assertEquals([all[0], all[2]], [0, 2]);
    const { message } = instanceOf(all[1] as unknown, SerializationError);
    assertStringIncludes(message, "result[0] is an Inner, which cannot be sent to the");
    assertStringIncludes(message, "define the class outside the function");
  });

  test("A thrown error of such a class comes as the nearest above, and says so", async (d) => {
    const f = (x: number): number => {
      class Inner extends RangeError {
        constructor(readonly field: number) {
          super("bad");
        }
      }
      throw new Inner(x);
    };
    const error = instanceOf(await d.map(f, [7]).catch((e) => e), RangeError);
    assertEquals([error.message, (error as unknown as { field: number }).field], [
      "bad",
      7,
    ]);
    assertStringIncludes(error.stack!, "class Inner cannot be sent to the host");
    assertStringIncludes(error.stack!, "here it is a RangeError");
  });

  test("Items of a class that cannot be sent are refused, and it is told why", async (d) => {
    const state = new WeakRef({});
    class Tied {
      x = 1;
      static of = state;
    }
    const f = ({ x }: { x: number }) => x;
    const all = await d.map(f, [{ x: 0 }, new Tied()], { reraise: false });
    assertEquals(all[0], 0);
    const { message } = instanceOf(all[1] as unknown, SerializationError);
    assertStringIncludes(
      message,
      "args[1] is a Tied, which cannot be sent to a worker",
    );
    assertStringIncludes(message, "class Tied.of: a WeakRef cannot be sent");
    assert(all.length === 2);
  });
});
