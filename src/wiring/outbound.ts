import type { Config } from '../config/index.ts'

/** Hosts and networks inside one's own house that may be called all the same. */
export function networksAllowed({ outbound }: Pick<Config, 'outbound'>): string[] {
  return [...outbound.allowHosts, ...outbound.allowNetworks]
}
