/** The background work of an instance, and when it is done. */
import { collectFiles } from "../application/files/collect_files.ts";
import { sweepUploads } from "../application/files/sweep_uploads.ts";
import { resumeDeletions } from "../application/moderation/resume_deletions.ts";
import type { SearchIndexer } from "../services/search_indexer.ts";
import type { Services } from "../services/services.ts";
import { RepeatingJob } from "./repeating_job.ts";

/** Starts the jobs; each does a limited part of its work at a time, and may run on other instances too. */
export function startJobs(services: Services, indexer: SearchIndexer): RepeatingJob[] {
  return [
    new RepeatingJob({
      name: "Repair",
      run: () => services.store.repair(),
      startMs: 10_000,
      intervalMs: 60_000,
    }),
    new RepeatingJob({
      name: "Completion of bans' deletions",
      run: () => resumeDeletions(services),
      // They are to follow a ban within 10 s.
      startMs: 2_000,
      intervalMs: 2_000,
    }),
    new RepeatingJob({
      name: "Indexing for search",
      run: () => indexer.lookThrough(),
      startMs: 10_000,
      intervalMs: 60_000,
    }),
    new RepeatingJob({
      name: "Deletion of files",
      run: () => collectFiles(services),
      startMs: 20_000,
      intervalMs: 60_000,
    }),
    new RepeatingJob({
      name: "Deletion of ended uploads",
      run: () => sweepUploads(services, new Date()),
      startMs: 20_000,
      intervalMs: 60_000,
    }),
  ];
}
