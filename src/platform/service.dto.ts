export class HealthDto {
  /** @example "ok" */
  status: string;
}

export class ReadinessDto extends HealthDto {
  /**
   * The gateway's version.
   * @example "0.1.0"
   */
  version: string;
  /**
   * The version of the time-zone data in use.
   * @example "2026a"
   */
  timeZoneData: string;
}

export class ProblemMeaningDto {
  /** @example "not_found" */
  code: string;
  /**
   * The HTTP status that it comes with.
   * @example 404
   */
  status: number;
  /** @example "There is no such thing here" */
  title: string;
  /**
   * Whether the same request may succeed later.
   * @example false
   */
  retryable: boolean;
}
