// Line icons on a grid of 24, drawn in the colour of the text around them. They never carry
// meaning alone: the control around them has a name.

const PATHS = {
  camera:
    'M3.5 7.5a2 2 0 0 1 2-2h7a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2zM14.5 10.5l6-3.2v9.4l-6-3.2',
  cameraOff:
    'M10 5.5h2.5a2 2 0 0 1 2 2V10M14.5 14v2.5a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-9a2 2 0 0 1 1.6-2M15.5 10l5-2.7v9.4l-2.5-1.3M3 3l18 18',
  chat: 'M4 6.5a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-6.5L7 20v-3.5H6a2 2 0 0 1-2-2zM8.5 9h7M8.5 12h4.5',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9.5a1.5 1.5 0 0 1 1.5-1.5h7A1.5 1.5 0 0 1 19 9.5v9a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 9 18.5zM15 8V5.5A1.5 1.5 0 0 0 13.5 4h-7A1.5 1.5 0 0 0 5 5.5v9A1.5 1.5 0 0 0 6.5 16H9',
  down: 'M6.5 9.5L12 15l5.5-5.5',
  up: 'M6.5 14.5L12 9l5.5 5.5',
  hand: 'M8 12.5V6.2a1.4 1.4 0 0 1 2.8 0V11M10.8 10.5V4.7a1.4 1.4 0 0 1 2.8 0v5.8M13.6 11V6a1.4 1.4 0 0 1 2.8 0v7.5a7 7 0 0 1-7 7c-2.6 0-4-1.2-5.2-3.2l-1.6-3a1.4 1.4 0 0 1 2.3-1.5L8 15',
  more: 'M12 5.5v.1M12 12v.1M12 18.5v.1',
  left: 'M14.5 6L8.5 12l6 6',
  right: 'M9.5 6l6 6-6 6',
  leave:
    'M14 8V6a2 2 0 0 0-2-2H6.5a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2H12a2 2 0 0 0 2-2v-2M10 12h10.5M17.5 8.5L21 12l-3.5 3.5',
  link: 'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1',
  mic: 'M12 3.5a2.7 2.7 0 0 1 2.7 2.7v5.1a2.7 2.7 0 0 1-5.4 0V6.2A2.7 2.7 0 0 1 12 3.5zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5v3',
  micOff:
    'M14.7 9.5V6.2a2.7 2.7 0 0 0-5.2-1M9.3 9.3v2a2.7 2.7 0 0 0 3.9 2.4M5.5 11a6.5 6.5 0 0 0 10 5.5M18.5 11a6.5 6.5 0 0 1-.7 2.9M12 17.5v3M3 3l18 18',
  people:
    'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c0-3.2 2.9-5 6.5-5s6.5 1.8 6.5 5M16 11.3a3.5 3.5 0 0 0 0-6.6M18 14.9c2.1.7 3.5 2.3 3.5 4.6',
  screen:
    'M3.5 6.5a2 2 0 0 1 2-2h13a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2zM8.5 20h7M12 13.5v-6M9.3 10L12 7.3l2.7 2.7',
  screenOff:
    'M3.5 6.5a2 2 0 0 1 2-2h13a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2zM8.5 20h7M9.8 8.3l4.4 4.4M14.2 8.3l-4.4 4.4',
  send: 'M4.5 12L20 4.5 15.5 20l-3.7-6.3zM11.8 13.7L20 4.5',
  share: 'M12 15V4M8 7.5L12 3.5l4 4M5 12.5v5.5a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2v-5.5',
  speaker: 'M4 10v4h3.5L12 18V6l-4.5 4zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.7 7.7 0 0 1 0 11',
  video:
    'M4 7a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM16 10.5l4.5-2.5v8L16 13.5M10 9.5v5M7.5 12h5',
  warning: 'M12 4l9 15.5H3zM12 10v4.2M12 16.9v.1',
  wave: 'M5 10v4M9.7 7v10M14.3 4.5v15M19 9v6',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
