import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import { DirectionProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { ApiError, errorProperties } from './api/http.ts'
import { openEarly, SessionProvider } from './api/session.tsx'
import { socket } from './api/socket.ts'
import { App } from './app.tsx'
import { prefetchBooking } from './booking/queries.ts'
import { LanguageDirection } from './i18n/direction.tsx'
import { startI18n } from './i18n/index.ts'
import { Appearance } from './shell/appearance.tsx'
import { ErrorBoundary } from './shell/error-boundary.tsx'

const queries = new QueryClient({
	defaultOptions: {
		queries: {
			staleTime: 15_000,
			refetchOnWindowFocus: false,
			// What the browser takes for offline may yet be answered; if not, it is better to say so than to wait in silence.
			networkMode: 'always',
			retry: (failures, error) => failures < 2 && error instanceof ApiError && !error.slow && errorProperties(error).retry !== undefined,
			retryDelay: attempt => 500 * 2 ** attempt,
		},
		mutations: { networkMode: 'always' },
	},
})

// What failed while the server was away is asked for again once it is back.
socket.on('connect', () => void queries.refetchQueries({ predicate: ({ state }) => state.status === 'error' }))

openEarly()
prefetchBooking(queries, window.location.pathname)
await startI18n()
createRoot(document.getElementById('root') as HTMLElement).render(
	<StrictMode>
		<DirectionProvider initialDirection={document.documentElement.dir as 'ltr' | 'rtl'}>
			<LanguageDirection />
			<QueryClientProvider client={queries}>
				<Appearance>
					<ErrorBoundary>
						<BrowserRouter>
							<SessionProvider>
								<App />
							</SessionProvider>
						</BrowserRouter>
					</ErrorBoundary>
				</Appearance>
			</QueryClientProvider>
		</DirectionProvider>
	</StrictMode>,
)
if ('serviceWorker' in navigator && import.meta.env.PROD) void navigator.serviceWorker.register('/sw.js').catch(() => {})
