// One photo from the camera of this computer.
import { button, make } from '/assets/elements.js';

const refusals = {
  NotAllowedError: 'The browser was not allowed to use the camera. A photo can be chosen or dropped instead.',
  NotFoundError: 'No camera was found. A photo can be chosen or dropped instead.',
  NotReadableError: 'Another program holds the camera. Close it and try again, or choose a photo.',
};

/// Shows the camera in a dialog and calls `onPhoto` with a JPEG when the person takes one.
/// Gives the reason, for the person to read, when there is no camera to show.
export async function openCamera(onPhoto) {
  if (!navigator.mediaDevices?.getUserMedia) {
    return 'The browser gives the camera only to pages from localhost or over TLS. Choose a photo instead.';
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  } catch (error) {
    return refusals[error.name] ?? `The camera could not be opened: ${error.message}`;
  }
  showDialog(stream, onPhoto);
  return null;
}

function showDialog(stream, onPhoto) {
  const video = make('video', { autoplay: true, playsinline: true, muted: true, 'aria-label': 'Camera' });
  video.srcObject = stream;
  const take = async () => {
    const blob = await still(video);
    dialog.close();
    onPhoto(blob);
  };
  const dialog = make('dialog', { class: 'camera', 'aria-label': 'Take a photo' }, video,
    make('div', { class: 'row' },
      button('Take the photo', take, { class: 'main', autofocus: true }),
      button('Cancel', () => dialog.close())));
  dialog.addEventListener('close', () => {
    for (const track of stream.getTracks()) track.stop();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function still(video) {
  const canvas = make('canvas', { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext('2d').drawImage(video, 0, 0);
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', 0.92); });
}
