/** What a server under measurement has used since it started. */
export type Usage = {
  /** Milliseconds of processor time, user and system, all threads of the process. */
  cpuMs: number
  /** Of these, the thread that runs our code: what a crowded machine does not distort. */
  mainThreadMs: number
  rssBytes: number
  /** Statements sent to the database; BEGIN and COMMIT are none. */
  statements: number
  /** Times the process waited for the database. */
  roundTrips: number
}

type Counted = Pick<Usage, 'statements' | 'roundTrips'>

/** In the server's process: answers each message of the parent with its usage, and stops the process when the parent is gone. */
export function reportUsage(counted: () => Counted): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    const main = process.threadCpuUsage()
    const usage: Usage = {
      cpuMs: (user + system) / 1000,
      mainThreadMs: (main.user + main.system) / 1000,
      rssBytes: process.memoryUsage.rss(),
      ...counted(),
    }
    process.send?.(usage)
  })
  process.on('disconnect', () => process.exit())
}
