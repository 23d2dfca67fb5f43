import { createLog } from '../../server/platform/observability/log.ts'
import { useNodes } from '../support/nodes.ts'
import { useTraceReceiver } from './a-receiver.ts'

export const levels = { debug: 20, info: 30, warn: 40, error: 50 }

export type LogLine = { level: number; node?: string; msg: string; requestId?: string } & Record<string, unknown>

/** Nodes for one `describe` that log at debug level and send traces to a receiver. */
export function useObservedNodes(count: number, settings: () => Promise<Record<string, string>> = async () => ({})) {
	const traces = useTraceReceiver()
	const lines: LogLine[] = []
	const log = createLog('debug', { write: line => void lines.push(JSON.parse(line)) })
	const nodes = useNodes(count, {}, { log, settings: async () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: traces.url, ...(await settings()) }) })
	return { nodes, traces, lines, linesOf: (requestId: string) => lines.filter(line => line.requestId === requestId) }
}
