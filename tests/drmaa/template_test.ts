import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../fixtures/assert.ts";
import { DrmaaError, type JobAttributes, PLACEHOLDERS } from "../../src/drmaa/mod.ts";
import { ATTRIBUTES } from "../../src/drmaa/attributes.ts";
import { count, test } from "./_fake.ts";

/** The error that a call throws. */
function thrown(call: () => unknown): DrmaaError {
  return assertThrows(call, DrmaaError);
}

const everything: Required<JobAttributes> = {
  remoteCommand: "/bin/échø",
  args: ["", "a b", "x=y=z", "日本"],
  hold: true,
  env: { A: "1", B: "", C: " two words\n" },
  workingDirectory: "/tmp",
  jobCategory: "category",
  nativeSpecification: "-l h_rt=60",
  email: ["a@example.org"],
  blockEmail: true,
  startTime: "12:00",
  jobName: "name",
  inputPath: ":/dev/null",
  outputPath: `:${PLACEHOLDERS.home}/out.${PLACEHOLDERS.index}`,
  errorPath: `:${PLACEHOLDERS.workingDirectory}/err`,
  joinFiles: true,
  transferFiles: "ioe",
  deadlineTime: "13:00",
  wallclockHardLimit: "1:0:0",
  wallclockSoftLimit: "30:0",
  durationHardLimit: "60",
  durationSoftLimit: "30",
  submitAsEffectiveUser: true,
};

test("Every attribute is set, read and set anew", (session) => {
  using template = session.jobTemplate();
  for (const name of Object.keys(ATTRIBUTES) as (keyof JobAttributes)[]) {
    assertEquals(template.get(name), undefined, name);
  }
  template.set(everything);
  for (const [name, value] of Object.entries(everything)) {
    assertEquals(template.get(name as keyof JobAttributes), value, name);
  }
  template.set({ hold: false, blockEmail: false, joinFiles: false, env: {}, args: [] });
  const names = ["hold", "blockEmail", "joinFiles", "env", "args", "jobName"] as const;
  const read = names.map((name) => template.get(name));
  assertEquals(read, [false, false, false, {}, [], "name"]);
});

test("Values are written as DRMAA wants them", (session) => {
  using template = session.jobTemplate(everything);
  const written = ["drmaa_js_state", "drmaa_block_email", "drmaa_join_files"]
    .map((name) => template.getAttribute(name));
  assertEquals(written, ["drmaa_hold", "1", "y"]);
  template.set({ hold: false, blockEmail: false, joinFiles: false });
  assertEquals(template.getAttribute("drmaa_js_state"), "drmaa_active");
  assertEquals(template.getAttribute("drmaa_block_email"), "0");
  assertEquals(template.getAttribute("drmaa_join_files"), "n");
  assertEquals(template.getVectorAttribute("drmaa_v_env"), [
    "A=1",
    "B=",
    "C= two words\n",
  ]);
});

test("Attributes of the library's own are set and read by their names", (session) => {
  using template = session.jobTemplate();
  template.setAttribute("own_limit", "5");
  template.setAttribute("own_list", ["a", "b"]);
  assertEquals(template.getAttribute("own_limit"), "5");
  assertEquals(template.getVectorAttribute("own_list"), ["a", "b"]);
  assertEquals(template.getVectorAttribute("own_other"), undefined);
});

test("Attributes that are undefined stay as they are", (session) => {
  using template = session.jobTemplate({ jobName: "a" });
  template.set({ jobName: undefined } as unknown as JobAttributes);
  assertEquals(template.get("jobName"), "a");
});

test("Values of any length come back whole, as far as a buffer goes", (session) => {
  using template = session.jobTemplate();
  for (const length of [1022, 1023, 1024, 1025, 65535, 65536]) {
    const text = "x".repeat(length);
    template.set({ nativeSpecification: text, args: [text, "next"] });
    assertEquals(template.get("nativeSpecification")?.length, length);
    assertEquals(template.get("args")?.map((text) => text.length), [length, 4]);
  }
});

test("Texts with and without a closing NUL are read to their end", (session) => {
  using template = session.jobTemplate();
  const length = (name: string) => template.getAttribute(name)?.length;
  assertEquals(length("long"), 1023);
  assertEquals(length("full"), 65536);
  assertEquals(length("over"), 65536);
  assertEquals(length("empty"), 0);
  // Half a character at the end is left out.
  assertEquals(length("cut"), 65535);
  assertEquals(session.drmSystem, "x".repeat(1024));
});

test("A list of many elements comes back whole", (session) => {
  using template = session.jobTemplate();
  const args = Array.from({ length: 50_000 }, (_, i) => `argument ${i}`);
  template.set({ args });
  assertEquals(template.get("args"), args);
});

test("A variable whose value has a = is refused, without showing it", (session) => {
  using template = session.jobTemplate();
  for (const value of ["a=b", "=", "a=", "=="]) {
    const error = thrown(() => template.set({ env: { OK: "1", KEY: `x${value}` } }));
    assertEquals(error.codeName, "INVALID_ATTRIBUTE_VALUE");
    assertStringIncludes(error.message, "KEY");
    assertStringIncludes(error.message, "in a file");
    assertEquals(error.message.includes(`x${value}`), false);
    thrown(() => template.setAttribute("drmaa_v_env", [`KEY=${value}`]));
  }
  assertEquals(template.get("env"), undefined);
});

test("Values of the wrong kind are refused with the attribute's name", (session) => {
  using template = session.jobTemplate();
  const wrong: [string, unknown][] = [
    ["jobName", 5],
    ["jobName", null],
    ["hold", "y"],
    ["args", "a b"],
    ["args", ["a", 1]],
    ["email", {}],
    ["env", { A: 1 }],
    ["env", { "A=B": "1" }],
    ["env", { "": "1" }],
    ["env", null],
  ];
  for (const [name, value] of wrong) {
    const error = thrown(() => template.set({ [name]: value } as JobAttributes));
    assertStringIncludes(error.message, name);
    assertEquals(error.codeName, "INVALID_ATTRIBUTE_VALUE");
  }
  const unknown = { job_name: "a" } as unknown as JobAttributes;
  assertStringIncludes(thrown(() => template.set(unknown)).message, "job_name");
  const inherited = JSON.parse('{"__proto__": "a"}');
  assertEquals(thrown(() => template.set(inherited)).codeName, "INVALID_ARGUMENT");
});

test("A NUL is refused wherever C would stop at it", (session) => {
  using template = session.jobTemplate();
  const calls = [
    () => template.set({ jobName: "a\0b" }),
    () => template.set({ args: ["a", "b\0"] }),
    () => template.set({ env: { A: "\0" } }),
    () => template.setAttribute("drmaa\0wd", "/"),
    () => template.getAttribute("drmaa\0wd"),
  ];
  for (const call of calls) assertEquals(thrown(call).codeName, "INVALID_ARGUMENT");
});

test("What the library refuses names the attribute", (session) => {
  using template = session.jobTemplate();
  const error = thrown(() => template.set({ jobName: "code:13" }));
  assertEquals([error.code, error.codeName], [13, "INVALID_ATTRIBUTE_FORMAT"]);
  assertEquals(
    error.message,
    "drmaa_set_attribute of drmaa_job_name: diagnosis of 13 (INVALID_ATTRIBUTE_FORMAT)",
  );
  thrown(() => template.set({ args: ["code:15"] }));
  assertEquals(thrown(() => template.getAttribute("code:2")).transient, true);
  assertEquals(thrown(() => template.setAttribute("drmaa_v_argv", "a")).code, 4);
});

test("A template that cannot be filled does not stay", (session) => {
  thrown(() => session.jobTemplate({ jobName: "a", workingDirectory: "code:14" }));
  assertEquals(count("templates"), 0);
});

test("A list that breaks off is an error, and is released", (session) => {
  const lists = count("lists");
  using template = session.jobTemplate({ args: ["a", "b"] });
  template.setAttribute("own", ["a", "code:6"]);
  const error = thrown(() => template.getVectorAttribute("own"));
  assertEquals(error.codeName, "NO_MEMORY");
  assertStringIncludes(error.message, "drmaa_get_next_attr_value: text of the number");
  template.dispose();
  assertEquals(count("lists"), lists);
});

test("A template that is disposed of is deleted once, and refuses to be used", (session) => {
  const template = session.jobTemplate();
  template.dispose();
  template.dispose();
  assertEquals(count("templates"), 0);
  assertEquals(thrown(() => template.set({ jobName: "a" })).code, 4);
  assertEquals(thrown(() => template.get("args")).code, 4);
  assertEquals(thrown(() => template.getAttribute("drmaa_wd")).code, 4);
});
