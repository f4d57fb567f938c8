/**
 * Why an object of a class cannot travel.
 *
 * @module
 */

/** What is wrong with it. */
export type Fault =
  /** The other side does not have its class, or cannot make objects of it. */
  | { kind: "class" }
  /** It is a function that the other side does not have. */
  | { kind: "function" }
  /** Its class says what it is made from, but not how. */
  | { kind: "no unpack" }
  /** What it is made from holds the object itself. */
  | { kind: "circle" }
  /** Its method threw. */
  | { kind: "pack" | "unpack"; error: unknown };

/** An object that cannot travel as what it is. */
export class Refusal extends Error {
  /** The object in the value that is sent. */
  object: object;
  /** The steps from there to what is wrong, if that is in what an object is made from. */
  within = "";
  /** The object that is wrong itself. */
  readonly culprit: object;
  /** What is wrong with it. */
  readonly fault: Fault;

  /**
   * @param object The object.
   * @param fault What is wrong with it.
   */
  constructor(object: object, fault: Fault) {
    super("An object cannot travel as what it is");
    this.object = this.culprit = object;
    this.fault = fault;
  }
}
