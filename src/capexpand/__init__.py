"""capexpand plans AI and cloud infrastructure build-outs under uncertainty."""
