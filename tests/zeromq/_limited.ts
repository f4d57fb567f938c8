/** Makes memory that is larger than a file may be, and says what it got. */

import { SharedMemory } from "../../src/zeromq/shared_memory.ts";
import { zmq } from "../fixtures/libzmq.ts";

console.log(typeof SharedMemory.make(zmq, 1 << 30));
