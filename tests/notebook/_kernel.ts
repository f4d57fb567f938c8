/**
 * Notebooks in the real kernel, as `deno jupyter --install` installs it, by Debian's
 * python3-nbclient.
 *
 * @module
 */

import { bounded, runDeno, TempDirectory } from "../fixtures/tools.ts";

const PYTHON = "/usr/bin/python3";
const EXECUTE = new URL("./execute.py", import.meta.url).pathname;

/** What a cell shows: an output, as Jupyter describes it. */
export interface Output {
  output_type: string;
  /** The text of a stream. */
  text?: string;
  /** Of an error. */
  ename?: string;
  evalue?: string;
  /** What is shown, by media type. */
  data?: Record<string, string>;
}

interface Cell {
  cell_type: string;
  source: string;
  outputs?: Output[];
}

/** A notebook, as its file has it. */
export interface Notebook {
  cells: Cell[];
}

/** Whether tests in a notebook are to run: in CI, and where there is what they need. */
export function isWanted(): boolean {
  if (Deno.env.get("CI") === "true") return true;
  try {
    const args = ["-c", "import nbclient"];
    if (new Deno.Command(PYTHON, { args, stderr: "null" }).outputSync().success) {
      return true;
    }
  } catch {
    // There is no Python.
  }
  console.log("There is no python3-nbclient: tests in a notebook are skipped");
  return false;
}

/** A notebook of cells of code. */
export function notebookOf(...sources: string[]): Notebook {
  const cells = sources.map((source, i) => ({
    cell_type: "code",
    id: `cell-${i}`,
    execution_count: null,
    metadata: {},
    outputs: [],
    source,
  }));
  return { cells, ...FORM };
}

const FORM = { metadata: {}, nbformat: 4, nbformat_minor: 5 };

/**
 * Executes a notebook in a kernel of its own.
 *
 * @param notebook The notebook.
 * @param directory The directory that it lies in.
 * @param word Each output of this word is interrupted.
 * @returns It, with the outputs of its cells.
 */
export async function execute(
  notebook: Notebook,
  directory: string,
  word?: string,
): Promise<Notebook> {
  using home = new TempDirectory();
  const { denoDir } = JSON.parse((await runDeno(["info", "--json"])).stdout);
  const env = {
    HOME: home.path,
    XDG_DATA_HOME: `${home.path}/.local/share`,
    JUPYTER_DATA_DIR: `${home.path}/.local/share/jupyter`,
    JUPYTER_CONFIG_DIR: `${home.path}/config`,
    JUPYTER_RUNTIME_DIR: `${home.path}/runtime`,
    IPYTHONDIR: `${home.path}/ipython`,
    DENO_DIR: denoDir,
    NO_COLOR: "1",
  };
  const { code, stderr } = await runDeno(["jupyter", "--install"], env);
  if (code !== 0) throw new Error(stderr);
  await using python = new Deno.Command(PYTHON, {
    args: [EXECUTE, ...word === undefined ? [] : [word]],
    cwd: directory,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = python.output();
  const input = python.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(notebook)));
  await input.close();
  const { success, stdout, stderr: complaints } = await bounded(output);
  if (!success) throw new Error(new TextDecoder().decode(complaints));
  return JSON.parse(new TextDecoder().decode(stdout), joined);
}

/** The texts of a notebook may be lists of lines. */
function joined(key: string, value: unknown): unknown {
  const isText = ["source", "text"].includes(key) || key.includes("/");
  return isText && Array.isArray(value) ? value.join("") : value;
}

/** Reads a notebook from its file. */
export function readNotebook(path: string): Notebook {
  return JSON.parse(Deno.readTextFileSync(path), joined);
}

/** What the cells of code show, as short texts. */
export function outputsOf(notebook: Notebook): string[][] {
  return notebook.cells
    .filter(({ cell_type }) => cell_type === "code")
    .map(({ outputs = [] }) => streamed(outputs).map(textOf));
}

/** A stream is one output, in however many messages it came. */
function streamed(outputs: Output[]): Output[] {
  const all: Output[] = [];
  for (const output of outputs) {
    const last = all.at(-1);
    if (output.text !== undefined && last?.text !== undefined) last.text += output.text;
    else all.push({ ...output });
  }
  return all;
}

function textOf({ text, ename, evalue, data }: Output): string {
  if (text !== undefined) return text.trimEnd();
  if (ename !== undefined) return `${ename}: ${evalue}`;
  // deno-lint-ignore no-control-regex -- colours
  return (data?.["text/plain"] ?? "").replace(/\x1b\[\d+m/g, "");
}
