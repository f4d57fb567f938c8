/**
 * Watching a run: its address, and what is told there.
 *
 * @module
 */

import type { RunRecord } from "../../src/report/record.ts";

/** Does something, and tells which address is printed meanwhile. */
export async function addressOf(begin: () => Promise<unknown>): Promise<string> {
  const printed = Promise.withResolvers<string>();
  const { error } = console;
  console.error = (text: string) => {
    const url = /can be watched at (http:\S+)$/.exec(text)?.[1];
    if (url) printed.resolve(url);
    else error(text);
  };
  try {
    return await Promise.race([printed.promise, begin().then(() => "")]);
  } finally {
    console.error = error;
  }
}

/** What is told, until nothing more is. */
export async function* events(url: string): AsyncGenerator<RunRecord> {
  const { body } = await fetch(`${url}events`);
  let text = "";
  for await (const part of body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    const all = text.split("\n\n");
    text = all.pop()!;
    for (const event of all) yield JSON.parse(event.replace(/^data: /, ""));
  }
}

/** Asks over a connection of its own, word for word; gives the answer's first line. */
export async function ask(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode(`${request}\r\n\r\n`));
  const answer = await new Response(connection.readable).text();
  return answer.split("\r\n", 1)[0]!;
}
