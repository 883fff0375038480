() => {
  // Each of Gradio's components counts the seconds of a pending event, once a frame. This page hides the figure, and one
  // whose component is removed meanwhile counts for ever: after two changes of the model eight of them ran (Gradio 6.31).
  const timer = /performance\.now\(\)-.+\)\/1e3\)/;
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => (timer.test(callback) ? 0 : request(callback));
}
