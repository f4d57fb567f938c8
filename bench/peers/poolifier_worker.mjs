/** A worker of poolifier: a thread or a process. */

import { isMainThread } from "node:worker_threads";
import * as functions from "./functions.mjs";

const { ClusterWorker, ThreadWorker } = await import("poolifier");

new (isMainThread ? ClusterWorker : ThreadWorker)({ ...functions });
