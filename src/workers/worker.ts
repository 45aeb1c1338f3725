/** A worker of the supervisor: an instance in its own isolate, on the shared port. */
import { getLogger } from "@logtape/logtape";
import { createBirpc } from "birpc";
import type { MetricsSnapshot } from "../services/metrics.ts";
import type { LimiterOptions } from "../ports/rate_limits.ts";
import type { Siblings } from "../compose.ts";
import { type Config, ConfigError } from "../config.ts";
import { type Running, startInstance } from "../instance.ts";
import { configureLogging } from "../logging.ts";
import type { SupervisorCalls, WorkerCalls } from "./calls.ts";

const thread = self as unknown as {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(data: unknown): void;
};

let instance: Running | undefined;
let receive: (text: string) => void = () => {};
let takeMetrics: () => Promise<MetricsSnapshot> = () => Promise.resolve([]);

const supervisor = createBirpc<SupervisorCalls, WorkerCalls>({
  async start(config: Config) {
    await configureLogging(config);
    try {
      instance = await startInstance(config, siblings);
      const { port, description } = instance;
      return { port, description };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { faults: error.faults };
    }
  },
  receive: (text) => receive(text),
  metrics: () => takeMetrics(),
  ping: () => {},
  end: async () => await instance?.end(),
}, {
  post: (data) => thread.postMessage(data),
  on: (listener) => thread.onmessage = ({ data }) => listener(data),
});

const siblings: Siblings = {
  send: (text) => void supervisor.relay.asEvent(text),
  onText: (listener) => receive = listener,
  limiters: (options: LimiterOptions) => ({
    penalty: (key, points) => supervisor.count(options, key, points),
    delete: (key) => supervisor.reset(options, key),
  }),
  onMetricsWanted: (take) => takeMetrics = take,
  collectMetrics: () => supervisor.collectMetrics(),
};

globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  getLogger(["echoroom"]).error("Unhandled rejection: {error}", {
    error: event.reason,
  });
});
