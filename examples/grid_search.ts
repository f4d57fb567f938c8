/**
 * Finds the best of many models by cross-validation. Items and results must be data, and
 * models are not. So the items are the indices of the models, and the function uses the
 * models as variables from the surrounding code.
 */

import { map } from "@x/gridengine";

interface Point {
  x: number;
  y: number;
}

abstract class Model {
  protected points: Point[] = [];

  constructor(readonly name: string) {}

  abstract predict(x: number): number;

  fit(points: Point[]): void {
    this.points = points;
  }

  /** The root of the mean squared error. */
  errorOn(points: Point[]): number {
    const squares = points.map(({ x, y }) => (this.predict(x) - y) ** 2);
    return Math.sqrt(squares.reduce((a, b) => a + b) / points.length);
  }
}

/** The mean of the nearest points. */
class Neighbours extends Model {
  readonly #count: number;

  constructor(count: number) {
    super(`neighbours: ${count}`);
    this.#count = count;
  }

  override predict(x: number): number {
    const nearest = this.points
      .toSorted((a, b) => Math.abs(a.x - x) - Math.abs(b.x - x))
      .slice(0, this.#count);
    return nearest.reduce((sum, { y }) => sum + y, 0) / nearest.length;
  }
}

/** The mean of all points, weighted by their distance. */
class Kernel extends Model {
  readonly #width: number;

  constructor(width: number) {
    super(`kernel of width ${width}`);
    this.#width = width;
  }

  override predict(x: number): number {
    const weights = this.points.map((point) =>
      Math.exp(-(((point.x - x) / this.#width) ** 2))
    );
    const sum = this.points.reduce((sum, { y }, i) => sum + weights[i]! * y, 0);
    return sum / weights.reduce((a, b) => a + b);
  }
}

const points = Array.from({ length: 200 }, (_, i): Point => {
  const x = i / 20;
  return { x, y: Math.sin(x) + 0.3 * Math.sin(1000 * x * x) };
});
const models: Model[] = [
  ...[1, 5, 25].map((count) => new Neighbours(count)),
  ...[0.05, 0.5, 5].map((width) => new Kernel(width)),
];
const folds = 5;

/** Tests a model on each fold in turn, after fitting it to all other folds. */
function score(i: number): { name: string; error: number } {
  const model = models[i]!;
  let error = 0;
  for (let fold = 0; fold < folds; fold++) {
    model.fit(points.filter((_, i) => i % folds !== fold));
    error += model.errorOn(points.filter((_, i) => i % folds === fold)) / folds;
  }
  return { name: model.name, error };
}

const scores = await map(score, models.keys());
for (const { name, error } of scores.sort((a, b) => a.error - b.error)) {
  console.log(`${error.toFixed(3)}  ${name}`);
}
