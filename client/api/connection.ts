import { useEffect, useState } from 'react'
import { socket } from './socket.ts'

/** Whether the live connection has been lost for longer than a blink. */
export const useConnectionLost = (): boolean => {
	const [lost, setLost] = useState(false)
	useEffect(() => {
		let timer: number | undefined
		const onLost = () => {
			window.clearTimeout(timer)
			timer = window.setTimeout(() => setLost(true), 800)
		}
		const onBack = () => {
			window.clearTimeout(timer)
			setLost(false)
		}
		socket.on('disconnect', onLost)
		socket.on('connect_error', onLost)
		socket.on('connect', onBack)
		if (!socket.connected) timer = window.setTimeout(() => setLost(!socket.connected), 3000)
		return () => {
			window.clearTimeout(timer)
			socket.off('disconnect', onLost)
			socket.off('connect_error', onLost)
			socket.off('connect', onBack)
		}
	}, [])
	return lost
}
