package resources

// Pollers is how many pollers there are.
func (w *Watch) Pollers() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.pollers)
}
