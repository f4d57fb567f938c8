/** A worker of workerpool. */

import * as functions from "./functions.mjs";

const { default: workerpool } = await import("workerpool");

workerpool.worker({ ...functions });
