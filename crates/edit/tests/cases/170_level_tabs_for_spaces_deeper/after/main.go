package main

func main() {
	for i := range 3 {
		if i > 1 {
			fmt.Println(i)
		}
	}
}
