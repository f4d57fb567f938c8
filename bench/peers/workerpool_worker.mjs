/** A worker of workerpool. */

import workerpool from "workerpool";
import * as functions from "./functions.mjs";

workerpool.worker({ ...functions });
