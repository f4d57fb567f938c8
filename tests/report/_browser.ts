/**
 * Debian's Chromium, driven by its DevTools protocol.
 *
 * @module
 */

import puppeteer, { type Browser, type Page } from "npm:puppeteer-core@^25.16.0";

const CHROMIUM = "/usr/bin/chromium";

/** Whether tests in a browser are to run: in CI, and where there is one. */
export function isWanted(): boolean {
  if (Deno.env.get("CI") === "true") return true;
  try {
    return Deno.statSync(CHROMIUM).isFile;
  } catch {
    console.log(`There is no ${CHROMIUM}: tests in a browser are skipped`);
    return false;
  }
}

/** How a page is looked at. */
export interface Look {
  scheme?: "light" | "dark";
  width?: number;
}

/** A browser, until the end of its `using` block. */
export class Chromium implements AsyncDisposable {
  readonly #browser: Browser;
  /** What went wrong in pages: errors of scripts, and what the policy forbids. */
  readonly complaints: string[] = [];
  /** What pages asked for, beyond themselves. */
  readonly requests: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts it. */
  static async launch(): Promise<Chromium> {
    // Root cannot have the sandbox; the pages are our own.
    const args = ["--no-sandbox", "--disable-dev-shm-usage"];
    return new Chromium(await puppeteer.launch({ executablePath: CHROMIUM, args }));
  }

  /** Opens a page. */
  async open(
    url: string,
    { scheme = "light", width = 1240 }: Look = {},
  ): Promise<Page> {
    const page = await this.#browser.newPage();
    page.on("pageerror", (error) => this.complaints.push(`${error}`));
    page.on("console", (line) => {
      if (line.type() === "error") this.complaints.push(line.text());
    });
    page.on("request", (request) => {
      if (request.url() !== url) this.requests.push(request.url());
    });
    await page.setViewport({ width, height: 1000 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(url, { waitUntil: "load" });
    return page;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** The text of what a selector finds, as it is seen. */
export async function textOf(page: Page, selector: string): Promise<string> {
  return await page.$eval(
    selector,
    (found) => (found as { innerText: string }).innerText,
  );
}

/**
 * How many pixels of the chart have the colour of the page that is called so, within what
 * is the same to the eye.
 */
export async function pixels(page: Page, color: string): Promise<number> {
  return Number(
    await page.evaluate(`(() => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = "var(--${color})";
    const wanted = getComputedStyle(probe).color.match(/[\\d.]+/g).map(Number);
    probe.remove();
    const canvas = document.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (wanted.every((value, k) => Math.abs(value - data[i + k]) < 6)) count++;
    }
    return count;
  })()`),
  );
}
