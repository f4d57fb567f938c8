/** A worker of poolifier: a thread or a process. */

import { isMainThread } from "node:worker_threads";
import { ClusterWorker, ThreadWorker } from "poolifier";
import * as functions from "./functions.mjs";

new (isMainThread ? ClusterWorker : ThreadWorker)({ ...functions });
