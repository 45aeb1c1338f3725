/** Rate limiters whose counts all instances share, in Redis or in MongoDB. */
import type { RedisClientType, RedisClusterType } from "@redis/client";
import type { Db } from "mongodb";
import { RateLimiterMongo, RateLimiterRedis } from "rate-limiter-flexible";
import type { LimiterOptions, SharedLimiters } from "../ports/rate_limits.ts";

type Client = RedisClientType | RedisClusterType;

/**
 * @param client is called at each use: its result changes once Redis is found to be a cluster
 * @param prefix begins the name of each key
 */
export function redisLimiters(client: () => Client, prefix: string): SharedLimiters {
  return ({ keyPrefix, ...options }) => {
    const make = (storeClient: Client) =>
      new RateLimiterRedis({
        ...options,
        keyPrefix: `${prefix}:limit:${keyPrefix}`,
        storeClient,
        useRedisPackage: true,
        rejectIfRedisNotReady: true,
      });
    let made = { client: client(), limiter: make(client()) };
    const limiter = () => {
      if (made.client !== client()) made = { client: client(), limiter: make(client()) };
      return made.limiter;
    };
    return {
      penalty: (key, points) => limiter().penalty(key, points),
      delete: (key) => limiter().delete(key),
    };
  };
}

/** Resolves once the counts' indexes exist. */
export async function mongoLimiters(db: Db): Promise<SharedLimiters> {
  // A count need not outlive a fail-over.
  const collection = db.collection.bind(db);
  const storeClient = {
    collection: (name: string) => collection(name, { writeConcern: { w: 1, journal: false } }),
  };
  const make: (options: LimiterOptions) => RateLimiterMongo = (options) =>
    new RateLimiterMongo({
      ...options,
      storeClient,
      tableName: "rate_limits",
      disableIndexesCreation: true,
    });
  await make({ keyPrefix: "", points: 1, duration: 1 }).createIndexes();
  return make;
}
