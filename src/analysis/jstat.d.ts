/** The part of `jstat` that is used; the package brings no types. */
declare module "jstat" {
  const jstat: {
    /** Beta distribution; `inv` is its quantile function. */
    readonly beta: { inv(probability: number, alpha: number, beta: number): number };
    /** Student's t distribution. */
    readonly studentt: { cdf(t: number, degreesOfFreedom: number): number };
  };
  export default jstat;
}
