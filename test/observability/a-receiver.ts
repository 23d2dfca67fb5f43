import { useWebService } from '../reminders/a-web-service.ts'

type Value = { stringValue?: string; intValue?: number; boolValue?: boolean }
type Attribute = { key: string; value: Value }
type WireSpan = {
	traceId: string
	spanId: string
	parentSpanId?: string
	name: string
	attributes?: Attribute[]
	links?: { traceId: string; spanId: string }[]
	status?: { code?: number }
	startTimeUnixNano: string
	endTimeUnixNano: string
}
type Payload = { resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: WireSpan[] }[] }[] }

export type SeenSpan = Pick<WireSpan, 'traceId' | 'spanId' | 'name'> & {
	parentSpanId: string | undefined
	/** The node that sent it. */
	node: unknown
	attributes: Record<string, unknown>
	links: string[]
	failed: boolean
	ms: number
}

/** Receives traces, OTLP over HTTP, for one `describe`. Keeps all of them. */
export function useTraceReceiver() {
	const spans: SeenSpan[] = []
	const bodies: string[] = []
	const paths: string[] = []
	const refusal: { status: number | undefined } = { status: undefined }
	const service = useWebService(({ path, body }) => {
		if (refusal.status) return { status: refusal.status }
		paths.push(path)
		bodies.push(body.toString())
		spans.push(...spansOf(JSON.parse(body.toString()) as Payload))
		return { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }
	})
	return {
		spans,
		bodies,
		paths,
		/** Set a status to make the receiver refuse everything with it. */
		refusal,
		get url() {
			return service.url
		},
	}
}

function spansOf({ resourceSpans }: Payload): SeenSpan[] {
	return resourceSpans.flatMap(({ resource, scopeSpans }) =>
		scopeSpans.flatMap(({ spans }) =>
			spans.map(({ traceId, spanId, parentSpanId, name, attributes, links = [], status, startTimeUnixNano, endTimeUnixNano }) => ({
				traceId,
				spanId,
				parentSpanId,
				name,
				node: plain(resource.attributes)['service.instance.id'],
				attributes: plain(attributes),
				links: links.map(link => link.spanId),
				failed: status?.code === 2,
				ms: Number((BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1000n) / 1000,
			})),
		),
	)
}

function plain(attributes: Attribute[] = []) {
	return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.boolValue]))
}
