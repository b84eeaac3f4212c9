/** What a vendor lets one holder of its limit do. `sharedBy` names the holder: all who share it wait for each other. */
export interface Limits {
  readonly requestsPerMinute: number | null;
  readonly maxInFlight: number;
  readonly sharedBy: string;
}

/** Lets calls through as the vendor's limits allow; the others wait their turn. */
export interface LimitGate {
  run<T>(limits: Limits, call: () => Promise<T>): Promise<T>;
}
